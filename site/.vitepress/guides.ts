import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../../docs/', import.meta.url)

/** Every page of `docs/`, by its own title. */
export const guides = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .map((name) => {
    const [, title = name] = /^# (.+)$/m.exec(readFileSync(new URL(name, folder), 'utf8')) ?? []
    return { text: title.replaceAll('`', ''), link: `/docs/${name.slice(0, -3)}` }
  })
