import Env from '@fastify/env';
import Fastify from 'fastify';
import S from 'fluent-json-schema';

const fastify = Fastify();
await fastify.register(Env, {
  schema: S.object()
    .prop('ELASTIC_ADDRESS', S.string())
    .prop('ALLOWED_USERS', S.string().required())
    .prop('COOKIE_NAME', S.string().required().default('id'))
    .valueOf(),
});
fastify.get('/status', () => 'ok');
await fastify.listen({ port: 3000, host: '0.0.0.0' });
