/**
 * Starts the gateway. Node.js loads all imports of a module before it runs the module. Therefore, this module only makes the
 * settings that must be made before the other modules are loaded, and then imports them.
 */
import { prepareEngine } from './engine.ts'

prepareEngine()
await import('./start.ts')
