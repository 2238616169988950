import { Duplex } from 'node:stream'
import { Latch } from './latch.js'

/** Takes or refuses one write. */
type Settle = (error?: Error) => void

/** The server's end of a connection without a network. What the server writes is accepted when the rule says so. */
export class SlowTransport extends Duplex {
  /** The writes so far, each with the function that accepts it. */
  readonly writes = new Latch<{ readonly bytes: string; readonly settle: Settle }>()

  constructor() {
    super({ decodeStrings: true })
    // A broken connection is what the rules are about.
    this.on('error', () => {})
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, settle: Settle): void {
    this.writes.add({ bytes: chunk.toString('latin1'), settle })
  }
}
