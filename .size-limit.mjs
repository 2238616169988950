// Minified and gzipped, with what a user has anyway left out.
// The first aim was 5 kB for the core and 2 kB for adapter-node: see 'Right before small' in ARCHITECTURE.md.
const adapter = (name, limit, ...peers) => ({
  name,
  path: `packages/${name}/dist/index.js`,
  ignore: ['node:*', '@afterword/*', ...peers],
  limit,
})

const checks = [
  {
    name: 'lifecycle-core with its adapter entry',
    path: ['packages/lifecycle-core/dist/index.js', 'packages/lifecycle-core/dist/adapter.js'],
    ignore: ['node:*'],
    limit: '16.7 kB',
  },
  adapter('adapter-node', '11 kB'),
  adapter('adapter-express', '3.5 kB', 'express'),
  adapter('adapter-fastify', '2.2 kB', 'fastify', 'fastify-plugin'),
  adapter('adapter-koa', '1 kB', 'koa'),
  adapter('adapter-hono', '1 kB', 'hono', '@hono/node-server'),
]

/** One bundle that exports everything: what two entries share counts once, and nothing is dropped as unused. */
const bundleWhole = ({ entryPoints, ...config }) => ({
  ...config,
  format: 'esm',
  stdin: { contents: entryPoints.map((path) => `export * from ${JSON.stringify(path)}`).join('\n'), resolveDir: '.' },
})

export default checks.map((check) => ({ ...check, gzip: true, modifyEsbuildConfig: bundleWhole }))
