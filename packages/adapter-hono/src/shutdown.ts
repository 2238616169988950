export { type ClosableApp, gracefulShutdown, type ShutdownOptions } from '@afterword/adapter-node/shutdown'
