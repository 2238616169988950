import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from './options.js'

/** The tree of another commit, checked out in a temporary folder. */
export interface OtherTree {
  readonly path: string
  /** The commit, shortened. */
  readonly commit: string
  remove(): void
}

/**
 * Checks out another commit beside this tree. Only the sources of its packages are used; nothing is installed there.
 *
 * @throws {UsageError} for a name that is no commit
 */
export function checkOut(repository: string, ref: string): OtherTree {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  let commit: string
  try {
    commit = git('rev-parse', '--verify', '--short', `${ref}^{commit}`)
  } catch (error) {
    throw new UsageError(`--against ${ref}: there is no such commit`, { cause: error })
  }
  const folder = mkdtempSync(join(tmpdir(), 'afterword-against-'))
  const path = join(folder, 'tree')
  git('worktree', 'add', '--detach', path, commit)
  return {
    path,
    commit,
    remove: () => {
      git('worktree', 'remove', '--force', path)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
