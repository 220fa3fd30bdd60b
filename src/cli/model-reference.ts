/** `like` or `like@7` or `like@champion`. */
export function splitReference(text: string): { model: string; version?: string } {
  const at = text.indexOf('@')
  return at === -1 ? { model: text } : { model: text.slice(0, at), version: text.slice(at + 1) }
}
