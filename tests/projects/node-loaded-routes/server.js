import path from 'node:path'
import Fastify from 'fastify'
import autoload from '@fastify/autoload'

const app = Fastify()
app.register(autoload, { dir: path.join(import.meta.dirname, 'routes') })
app.register(autoload, { dir: path.join(import.meta.dirname, 'plugins') })
await app.listen({ port: process.env.PORT ?? 3000, host: '0.0.0.0' })
