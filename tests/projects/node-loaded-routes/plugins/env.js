import env from '@fastify/env'

const schema = {
  type: 'object',
  required: ['DATABASE_HOST', 'DATABASE_NAME'],
  properties: {
    DATABASE_HOST: { type: 'string', default: 'localhost' },
    DATABASE_NAME: { type: 'string' },
    LIMIT: { type: 'number', default: 100 },
  },
}

export const autoConfig = { schema }

export default env

export const load = (env = process.env) => ({ colour: env.COLOUR || 'blue' })
