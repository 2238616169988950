import type { Scenario } from '../scenario.js'
import { busy } from './busy.js'
import { crash } from './crash.js'
import { database } from './database.js'
import { endless } from './endless.js'
import { eventStream } from './event-stream.js'
import { load } from './load.js'
import { rolling } from './rolling.js'
import { stuckHandler } from './stuck-handler.js'
import { stuckTask } from './stuck-task.js'
import { tenThousand } from './ten-thousand.js'
import { twice } from './twice.js'
import { unflushed } from './unflushed.js'

/** Every way to stop a process. */
export const scenarios: readonly Scenario[] = [
  load,
  unflushed,
  stuckHandler,
  stuckTask,
  eventStream,
  tenThousand,
  endless,
  twice,
  busy,
  database,
  rolling,
  crash,
]
