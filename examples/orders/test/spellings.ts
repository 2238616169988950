/** What one framework says in one way and another in another. `‹a›` and `‹b›` stand for what must be the same in all three. */
export interface Spelling {
  readonly what: string
  readonly express: string
  readonly fastify: string
  readonly node: string
}

/** Which modules a server may import that the others do not. */
export const ownModules = {
  express: ['node:events', 'node:stream/promises', '@afterword/adapter-express', 'express'],
  fastify: ['@afterword/adapter-fastify', 'fastify'],
  node: ['node:events', 'node:http', 'node:stream/promises', '@afterword/adapter-node', 'find-my-way', './body.js'],
} as const

/** A server of this example. */
export type Server = keyof typeof ownModules

/** All that may differ besides the imports. */
export const spellings: readonly Spelling[] = [
  // The mount.
  {
    what: 'the application',
    express: 'const app = express()',
    fastify: 'const app = fastify()',
    node: 'const app = router()',
  },
  {
    what: 'the mount: before the routes',
    express: 'app.use(lifecycle.middleware)',
    fastify: 'await app.register(lifecycle.plugin)',
    node: 'const server = createServer()',
  },
  {
    what: 'the mount: behind the routes',
    express: 'app.use(lifecycle.errorMiddleware, onError)',
    fastify: 'app.setErrorHandler(onError)',
    node: "server.on('request', lifecycle.listener((req, res) => app.lookup(req, res), { errorHandler: onError }))",
  },
  {
    what: 'the mount: listening',
    express: 'const server = app.listen(port, host)',
    fastify: 'const { server } = app',
    node: 'server.listen(port, host)',
  },
  {
    what: 'the mount: waiting for that',
    express: "await once(server, 'listening')",
    fastify: 'await app.listen({ port, host })',
    node: "await once(server, 'listening')",
  },
  {
    what: 'the mount: what gracefulShutdown stops',
    express: 'return { ‹a›, stoppable: server }',
    fastify: 'return { ‹a›, stoppable: app }',
    node: 'return { ‹a›, stoppable: server }',
  },
  // The request.
  {
    what: 'a route with a body',
    express: 'app.post(‹a›, express.json(), async (req, res) => {',
    fastify: 'app.post(‹a›, async (req, res) => {',
    node: 'app.post(‹a›, async (req, res) => {',
  },
  {
    what: 'a route with parameters',
    express: 'app.get(‹a›, async (req, res) => {',
    fastify: 'app.get(‹a›, async (req, res) => {',
    node: 'app.get(‹a›, async (req, res, params) => {',
  },
  {
    what: 'a route with both',
    express: 'app.post(‹a›, express.json(), async (req, res) => {',
    fastify: 'app.post(‹a›, async (req, res) => {',
    node: 'app.post(‹a›, async (req, res, params) => {',
  },
  {
    what: 'the last route',
    express: 'app.use(noSuchPage)',
    fastify: "app.all('*', noSuchPage)",
    node: "app.all('*', noSuchPage)",
  },
  {
    what: 'the error handler',
    express: 'const onError: ErrorRequestHandler = (error, _req, res, _next) => {',
    fastify: 'const onError = (error: unknown, _req: FastifyRequest, res: FastifyReply) => {',
    node: 'const onError = (error: unknown, _req: IncomingMessage, res: ServerResponse) => {',
  },
  { what: 'the body', express: '‹a›req.body‹b›', fastify: '‹a›req.body‹b›', node: '‹a›await readJson(req)‹b›' },
  { what: 'the parameters', express: '‹a›req.params‹b›', fastify: '‹a›req.params‹b›', node: '‹a›params‹b›' },
  {
    what: 'both',
    express: '‹a›req.params, req.body‹b›',
    fastify: '‹a›req.params, req.body‹b›',
    node: '‹a›params, await readJson(req)‹b›',
  },
  // The reply.
  { what: 'the status', express: 'res.status(‹a›)', fastify: 'res.code(‹a›)', node: 'res.statusCode = ‹a›' },
  { what: 'a field', express: 'res.setHeader(‹a›)', fastify: 'res.header(‹a›)', node: 'res.setHeader(‹a›)' },
  { what: 'the payload', express: 'res.json(‹a›)', fastify: 'return res.send(‹a›)', node: 'reply(res, ‹a›)' },
  { what: 'a stream', express: 'await pipeline(‹a›, res)', fastify: 'return res.send(‹a›)', node: 'await pipeline(‹a›, res)' },
]
