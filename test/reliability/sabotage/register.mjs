/**
 * Makes a wrong version of the product while it is loaded: in the module that `MILLRACE_SABOTEUR` names, one piece of code
 * becomes another. `{"module":"lake/write-part","find":"…","replace":"…"}`; source and build alike. Loaded before anything
 * else, by `NODE_OPTIONS=--import`, so that child processes have it too.
 */
import { register } from 'node:module'

if (process.env['MILLRACE_SABOTEUR']) register('./hook.mjs', import.meta.url)
