import { describe, expect, it } from 'vitest'
import { page } from './page.js'
import { scenes } from './scenes.js'

const [table] = page('docs/endings.md').tables('scenes')
const rows = new Map(table?.rows.map((cells) => [cells[0], cells]))
const majors = ['20', '22', '24', '26']
const column = majors.indexOf(process.versions.node.split('.')[0] ?? '') + 1

describe('docs/endings.md', () => {
  it('has a row for every scene', () => {
    expect([...rows.keys()]).toEqual(scenes.map(({ title }) => title))
  })

  for (const { title, emitted, reported } of scenes) {
    it.skipIf(column === 0)(`says what Node emits: ${title}`, async () => {
      expect(await emitted()).toBe(rows.get(title)?.[column])
    })

    it(`says what is reported: ${title}`, async () => {
      expect(await reported()).toBe(rows.get(title)?.[majors.length + 1])
    })
  }
})
