/** The loader hook of `register.mjs`, in a file of its own: it runs on the loader's thread. */
import { appendFileSync } from 'node:fs'

const saboteur = JSON.parse(process.env['MILLRACE_SABOTEUR'] ?? '{}')

export async function load(url, context, next) {
  const loaded = await next(url, context)
  const [path = ''] = url.split('?')
  const isMeant =
    path.endsWith(`/src/${saboteur.module}.ts`) || path.endsWith(`/dist/${saboteur.module}.js`)
  if (!isMeant || loaded.source == null) return loaded
  const text = Buffer.from(loaded.source).toString()
  const parts = text.split(saboteur.find)
  if (parts.length !== 2) {
    throw new Error(`${url} has ${parts.length - 1} pieces of code like: ${saboteur.find}`)
  }
  // Whoever hunts the saboteur sees that it was there.
  if (process.env['MILLRACE_SABOTEUR_MARK']) {
    appendFileSync(process.env['MILLRACE_SABOTEUR_MARK'], `${process.pid} ${url}\n`)
  }
  return { ...loaded, source: parts.join(saboteur.replace) }
}
