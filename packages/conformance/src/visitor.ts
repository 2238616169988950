import { RawClient } from './client.js'
import { codes, FrameClient, request, rst } from './frames.js'
import type { App, Rig } from './rig.js'

/** A client that asks one thing and leaves before it has the answer, in whatever protocol the server speaks. */
export interface Visitor {
  /** Whether any of the answer has come. */
  readonly isAnswered: boolean
  /** Resolves once the head of the answer has come. */
  answered(): Promise<void>
  /** Leaves. */
  reset(): void
  /** Lets go of the connection, if it is still there. */
  close(): void
}

/** Sends `GET /`. */
export async function visit(rig: Rig, app: App): Promise<Visitor> {
  return rig.lacks.http1 === undefined ? visitHttp1(app.port) : visitHttp2(app.port)
}

async function visitHttp1(port: number): Promise<Visitor> {
  const client = new RawClient(port)
  await client.request('GET', '/')
  return {
    get isAnswered() {
      return client.received !== ''
    },
    answered: async () => void (await client.until(/\r\n\r\n/)),
    reset: () => client.reset(),
    close: () => client.leave(),
  }
}

function visitHttp2(port: number): Visitor {
  const client = new FrameClient(port)
  client.send(request(1))
  return {
    get isAnswered() {
      return client.frames.some(({ stream }) => stream === 1)
    },
    answered: async () => void (await client.until('HEADERS', 1)),
    reset: () => client.send(rst(1, codes.CANCEL)),
    close: () => client.leave(),
  }
}
