import type { Application, Applications, ServerName } from './application.js'

/** Imports the applications of one server, and nothing of the others. */
export async function applicationsOf(server: ServerName): Promise<Applications> {
  if (server === 'node') return (await import('./node.js')).applications
  if (server === 'express') return (await import('./express.js')).applications
  return (await import('./fastify.js')).applications
}

/** One application, named on a command line. */
export async function applicationOf(server: string, variant: string): Promise<Application> {
  const application = (await applicationsOf(server as ServerName))[variant]
  if (application === undefined) throw new Error(`${server} has no variant ${variant}`)
  return application
}
