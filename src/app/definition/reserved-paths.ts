/** Paths that the product itself answers. */
import type { Report } from './issue-report.ts'

const RESERVED_PATHS = [
  '/v1',
  '/v2',
  '/livez',
  '/readyz',
  '/metrics',
  '/openapi.json',
  '/docs',
  '/ui',
]

/** Resources of the API whose answers an app may declare; a path that the product has itself is refused at the start. */
const SHARED_PATHS = ['/v1/users', '/v1/churn']

/** Reports, at `field`, a path of an app that is the product's. */
export function checkPath(path: string, field: string, report: Report): void {
  const isBelow = (own: string): boolean => path === own || path.startsWith(`${own}/`)
  if (RESERVED_PATHS.some(isBelow) && !SHARED_PATHS.some(isBelow)) {
    report(field, `belongs to the product (${RESERVED_PATHS.join(', ')}): choose another path`)
  }
}
