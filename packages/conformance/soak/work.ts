import type { Exchange } from '@afterword/lifecycle-core'
import type { Ledger } from './ledger.js'
import type { Plan, TaskPlan } from './plan.js'
import { turns } from './turn.js'

/** Schedules the tasks of a request, and counts each where it is called and where it runs. */
export function scheduleAll(exchange: Exchange, plan: Plan, ledger: Ledger): void {
  for (const task of plan.tasks) schedule(exchange, task, plan, ledger)
}

function schedule(exchange: Exchange, task: TaskPlan, plan: Plan, ledger: Ledger): void {
  const { totals } = ledger
  totals.scheduled++
  const options = task.when === 'always' ? {} : { when: task.when }
  // A promise runs already, whatever the outcome.
  if (task.work === 'promise' || task.work === 'rejected promise') {
    totals.promises++
    if (task.work === 'rejected promise') totals.failing++
    exchange.after(task.work === 'promise' ? turns(2) : Promise.reject(new Error('a rejected promise')))
    return
  }
  if (task.work === 'cancelled') {
    totals.cancelled++
    exchange.after(() => ledger.violate('tasks run = tasks scheduled', 'a cancelled task ran')).cancel()
    return
  }
  if (task.when !== 'always') ledger.entry(exchange.url).conditional.push(task)
  exchange.after(() => {
    totals.started++
    return perform(exchange, task, plan, ledger)
  }, options)
}

function perform(exchange: Exchange, { work }: TaskPlan, plan: Plan, ledger: Ledger): unknown {
  switch (work) {
    case 'async':
      return turns(plan.waits)
    case 'throws':
      ledger.totals.failing++
      throw new Error('a task that throws')
    case 'rejects':
      ledger.totals.failing++
      return turns(1).then(() => Promise.reject(new Error('a task that rejects')))
    case 'nested':
      for (const nested of plan.waits % 2 === 0 ? (['sync', 'async'] as const) : (['nested', 'throws'] as const)) {
        schedule(exchange, { work: nested, when: 'always' }, { ...plan, waits: plan.waits + 1 }, ledger)
      }
      return undefined
    case 'late':
      // By then the exchange may be drained already.
      return void turns(3).then(() => schedule(exchange, { work: 'sync', when: 'always' }, plan, ledger))
    default:
      return undefined
  }
}
