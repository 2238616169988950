// Minified and gzipped, with what a user has anyway left out.
const adapter = (name, ...peers) => ({
  name,
  path: `packages/${name}/dist/index.js`,
  ignore: ['node:*', '@afterword/*', ...peers],
  limit: '2 kB',
})

const checks = [
  {
    name: 'lifecycle-core with its adapter entry',
    path: ['packages/lifecycle-core/dist/index.js', 'packages/lifecycle-core/dist/adapter.js'],
    ignore: ['node:*'],
    limit: '5 kB',
  },
  adapter('adapter-node'),
  adapter('adapter-express', 'express'),
  adapter('adapter-fastify', 'fastify', 'fastify-plugin'),
]

/** One bundle that exports everything: what two entries share counts once, and nothing is dropped as unused. */
const bundleWhole = ({ entryPoints, ...config }) => ({
  ...config,
  format: 'esm',
  stdin: { contents: entryPoints.map((path) => `export * from ${JSON.stringify(path)}`).join('\n'), resolveDir: '.' },
})

export default checks.map((check) => ({ ...check, gzip: true, modifyEsbuildConfig: bundleWhole }))
