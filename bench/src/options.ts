import { parseArgs } from 'node:util'

/** The command line asks for something that cannot be had. */
export class UsageError extends TypeError {}

/** How long a run takes. */
export type Preset = 'quick' | 'default' | 'full'

/** What can be measured. */
export const parts = ['paired', 'throughput', 'scale', 'exact'] as const

/** One of {@link parts}. */
export type Part = (typeof parts)[number]

/** What the command line asks for. */
export interface Options {
  readonly preset: Preset
  /** `undefined`: what the preset includes. */
  readonly parts: readonly Part[] | undefined
  readonly only: RegExp
  /** Major versions of Node; empty: the one that runs this. */
  readonly nodes: readonly string[]
  readonly json: string | undefined
  readonly against: string | undefined
  /** Not a measurement: another task of this command. */
  readonly task: 'measure' | 'gate' | 'baseline' | 'render' | 'profile' | 'help'
  /** Why the baseline may rise; must stand in the changelog. */
  readonly because: string | undefined
}

/** What `--help` prints. */
export const help = `pnpm bench [options]

  --quick             a handful of scenarios, about a minute
  --full              every scenario, as many processes as a report needs (up to an hour)
  --only PATTERN      scenarios whose id (node/idle) or title matches
  --node 20,24        on these versions of Node
  --against REF       this tree against another commit, as one more row per scenario
  --json FILE         everything that was found, as JSON; only some parts replace these in a file that exists

  --paired --throughput --scale --exact
                      only these parts (default: paired, throughput, scale; with --quick: paired)
                      --exact counts instructions and needs valgrind: apt-get install valgrind

  --profile           what the chosen scenarios spend their time on (--only node/idle)
  --gate              compares instruction counts with bench/baseline.json
  --write-baseline    writes it; one that rises needs --because 'a line of the changelog'
  --render            makes report.html and the README table from bench/results/
`

/**
 * Reads a command line.
 *
 * @throws {UsageError} for an option that does not exist, a pattern that is none, or a version that is none
 */
export function parseOptions(args: readonly string[]): Options {
  const values = readValues(args)
  if (values.quick && values.full) throw new UsageError('--quick and --full exclude each other')
  const nodes = values.node?.split(',').map((version) => version.trim()) ?? []
  const wrong = nodes.find((version) => !/^\d+$/.test(version))
  if (wrong !== undefined) throw new UsageError(`--node takes major versions, like 20,24, not '${wrong}'`)
  const tasks = { gate: values.gate, baseline: values['write-baseline'], render: values.render, profile: values.profile, help: values.help }
  const asked = (Object.keys(tasks) as (keyof typeof tasks)[]).filter((name) => tasks[name])
  if (asked.length > 1) throw new UsageError(`one of these at a time: ${asked.join(', ')}`)
  const chosen = parts.filter((part) => values[part])
  return {
    preset: values.quick ? 'quick' : values.full ? 'full' : 'default',
    parts: chosen.length > 0 ? chosen : undefined,
    only: toPattern(values.only),
    nodes,
    json: values.json,
    against: values.against,
    task: asked[0] ?? 'measure',
    because: values.because,
  }
}

function toPattern(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new UsageError(`--only takes a regular expression: ${(error as Error).message}`, { cause: error })
  }
}

const flag = { type: 'boolean', default: false } as const

function readValues(args: readonly string[]) {
  try {
    return parseArgs({
      args: args.filter((arg) => arg !== '--'),
      options: {
        quick: flag, full: flag, paired: flag, throughput: flag, scale: flag, exact: flag,
        gate: flag, 'write-baseline': flag, render: flag, profile: flag, help: { ...flag, short: 'h' },
        only: { type: 'string', default: '' },
        node: { type: 'string' },
        json: { type: 'string' },
        against: { type: 'string' },
        because: { type: 'string' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}
