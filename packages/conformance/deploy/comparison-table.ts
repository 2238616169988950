import { type Compared, downloadBytes } from './comparison.js'

/** A run of the comparison, as it is kept. */
export interface Comparison {
  readonly node: string
  readonly results: readonly Compared[]
}

const mb = (bytes: number) => (bytes === downloadBytes ? '48' : (bytes / 1024 / 1024).toFixed(1))
const ends = (exit: number | string) => (exit === 'SIGKILL' ? 'hangs, is killed' : `exit code ${exit}`)

/** The table of docs/drain.md. */
export function comparisonTable({ node, results }: Comparison): string {
  const rows = results.map(({ name, load, download, stuck }) => [
    name,
    `${load.accepted - load.answered} of ${load.accepted}`,
    `${load.answered - load.worked} of ${load.answered}`,
    ends(load.exit),
    `${mb(download.bytes)} of 48 MB`,
    stuck.named.map((each) => `\`${each}\``).join(', ') || 'nothing',
    ends(stuck.exit),
  ])
  const head = ['stopped by', 'requests failed', 'work lost', 'and told', 'download', 'named of three stuck things', 'and told']
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return [...lines, '', `One run on Node ${node}.`].join('\n')
}
