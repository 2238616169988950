import { createRequire } from 'node:module'
import { defineConfig } from 'vitepress'
import { guides } from './guides.js'

const { resolve } = createRequire(import.meta.url)

export default defineConfig({
  title: 'Afterword',
  description: 'The whole life of a request, on Express, Fastify and node:http',
  // The repository is the source, so that every link between pages works there, on GitHub and here.
  srcDir: '..',
  srcExclude: ['**/node_modules/**', 'packages/*/*/**', 'bench/*/**', 'examples/*/*/**', '.changeset/**', '.github/**'],
  outDir: './dist',
  cacheDir: './node_modules/.cache/vitepress',
  rewrites: { 'README.md': 'index.md', 'site/api/:rest*': 'api/:rest*' },
  cleanUrls: true,
  // The pages lie outside of this package, where no `vue` is found.
  vite: {
    resolve: {
      alias: [
        { find: /^vue$/, replacement: resolve('vue/dist/vue.runtime.esm-bundler.js') },
        { find: /^vue\/server-renderer$/, replacement: resolve('vue/server-renderer') },
      ],
    },
  },
  themeConfig: {
    nav: [
      { text: 'Guides', link: '/docs/tasks' },
      { text: 'API', link: '/api/README' },
      { text: 'Changelog', link: '/CHANGELOG' },
    ],
    sidebar: [
      { text: 'Start', link: '/' },
      { text: 'Guides', items: guides },
      { text: 'Inside', items: [{ text: 'Architecture', link: '/ARCHITECTURE' }, { text: 'Contributing', link: '/CONTRIBUTING' }, { text: 'What it costs', link: '/bench/README' }] },
    ],
    search: { provider: 'local' },
    outline: [2, 3],
  },
})
