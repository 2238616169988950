// `main.ts` on PGlite in a temporary folder, `main.ts postgres://...` on a server.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from './open.js'
import { createTables, readOrders } from './schema.js'
import { takeTour } from './tour.js'

const folder = mkdtempSync(join(tmpdir(), 'afterword-transaction-'))
const address = process.argv[2] ?? folder
try {
  const before = await openDatabase(address)
  console.log(`${before.name}\n`)
  await createTables(before)
  // PGlite is one process's at a time.
  await before.close()

  const steps = await takeTour(address)

  const after = await openDatabase(address)
  const orders = await readOrders(after)
  await after.close()
  for (const { what, item, told, isOrdered } of steps) {
    const isRight = orders.includes(item) === isOrdered
    console.log(`${what.padEnd(42)} ${String(told).padEnd(10)} ${isOrdered ? 'ordered' : 'not ordered'} ${isRight ? '' : '  WRONG'}`.trimEnd())
    if (!isRight) process.exitCode = 1
  }
  console.log(`\nthe table: ${orders.join(', ')}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
