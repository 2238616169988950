import { subscribe } from 'node:diagnostics_channel'
import { channelNames, type Exchange, type TaskHandle } from '@afterword/adapter-node'
import type { Audience } from './servers/server.js'
import { startTimeline, type TaskSpan, type Timeline } from './timeline.js'

/** What is published about an exchange, and about a task of it. */
type Message = { exchange: Exchange; task: TaskHandle }

/** Draws up a timeline of every exchange of this process. */
export class Recorder {
  private readonly timelines = new Map<string, Timeline>()
  private readonly spans = new WeakMap<TaskHandle, TaskSpan>()
  private onStart: (() => void) | undefined = undefined
  /** Called with every timeline that is complete. */
  onDrained: (timeline: Timeline) => void = () => {}

  constructor() {
    this.listen(channelNames.exchangeStart, ({ exchange }) => {
      this.timelines.set(exchange.id, startTimeline(exchange))
      this.onStart?.()
    })
    this.listen(channelNames.taskStart, (message) => void this.spanOf(message))
    // A task that never started has an end all the same.
    this.listen(channelNames.taskEnd, (message) => {
      const span = this.spanOf(message)
      span.endedAt = this.now(message.exchange)
      span.state = message.task.state
    })
    this.listen(channelNames.exchangeDrained, ({ exchange }) => {
      const timeline = this.timelines.get(exchange.id)
      if (timeline === undefined) return
      this.timelines.delete(exchange.id)
      timeline.drainedAt = performance.now() - timeline.startedAt
      this.onDrained(timeline)
    })
  }

  /** What a server of this name has to tell. The channels are those of the whole process, these are its own. */
  audience(server: string): Audience {
    return {
      onOutcome: (outcome, exchange) => {
        const timeline = this.timelines.get(exchange.id)
        if (timeline !== undefined) Object.assign(timeline, { server, outcome })
      },
      onError: (error, { exchangeId, task }) => {
        this.timelines.get(exchangeId)?.faults.push({ error, by: task ?? 'handler', to: 'onError' })
      },
      onHandlerError: (error, { id }) => {
        this.timelines.get(id)?.faults.push({ error, by: 'handler', to: `${server}'s error handler` })
      },
    }
  }

  /** Resolves when the next request is received. */
  nextStart(): Promise<void> {
    return new Promise((resolve) => (this.onStart = resolve))
  }

  /** The exchanges that are not drained. */
  get open(): Iterable<Timeline> {
    return this.timelines.values()
  }

  private listen(name: string, listener: (message: Message) => void): void {
    subscribe(name, (message) => listener(message as Message))
  }

  /** The span of a task; it starts when it is first asked for. */
  private spanOf({ exchange, task }: Message): TaskSpan {
    const known = this.spans.get(task)
    if (known !== undefined) return known
    const now = this.now(exchange)
    const span: TaskSpan = { name: task.name, startedAt: now, endedAt: now, state: task.state }
    this.spans.set(task, span)
    this.timelines.get(exchange.id)?.tasks.push(span)
    return span
  }

  private now(exchange: Exchange): number {
    return performance.now() - (this.timelines.get(exchange.id)?.startedAt ?? 0)
  }
}
