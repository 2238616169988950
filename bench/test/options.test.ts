import { describe, expect, it } from 'vitest'
import { help, parseOptions, parts } from '../src/options.js'
import { presets } from '../src/preset.js'

describe('parseOptions', () => {
  it('measures by default, everything that the preset includes, on this Node', () => {
    expect(parseOptions([])).toEqual({
      preset: 'default', parts: undefined, only: /(?:)/, nodes: [], json: undefined, against: undefined, task: 'measure', because: undefined,
    })
  })

  it('takes what pnpm passes on after --', () => {
    expect(parseOptions(['--', '--quick']).preset).toBe('quick')
  })

  it('reads patterns, versions, files and commits', () => {
    expect(parseOptions(['--only', '^node/', '--node', '20, 24', '--json', 'out.json', '--against', 'HEAD~1'])).toMatchObject({
      only: /^node\//, nodes: ['20', '24'], json: 'out.json', against: 'HEAD~1',
    })
  })

  it('collects parts', () => {
    expect(parseOptions(['--exact', '--paired']).parts).toEqual(['paired', 'exact'])
  })

  it.each([
    ['--gate', 'gate'], ['--write-baseline', 'baseline'], ['--render', 'render'], ['--profile', 'profile'], ['--help', 'help'], ['-h', 'help'],
  ])('%s is a task of its own', (flag, task) => {
    expect(parseOptions([flag]).task).toBe(task)
  })

  it.each([
    [['--fast'], /--fast/],
    [['--quick', '--full'], /exclude/],
    [['--gate', '--render'], /one of these/],
    [['--node', 'lts'], /'lts'/],
    [['--only', '('], /regular expression/],
    [['everything'], /everything/],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(TypeError)
    expect(() => parseOptions(args)).toThrow(message)
  })

  it('explains every option', () => {
    const names = ['quick', 'full', 'only', 'node', 'against', 'json', ...parts, 'profile', 'gate', 'write-baseline', 'because', 'render']
    for (const name of names) expect(help).toContain(`--${name}`)
  })
})

describe('presets', () => {
  it('leave room for starting up below their promises: a minute, and five', () => {
    expect(presets.quick.paired.budgetMs).toBeLessThanOrEqual(45_000)
    const { paired, scale } = presets.default
    expect(paired.budgetMs + scale.tasks.budgetMs).toBeLessThanOrEqual(180_000)
  })
})
