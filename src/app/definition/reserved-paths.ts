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

/** Reports, at `field`, a path of an app that is the product's. */
export function checkPath(path: string, field: string, report: Report): void {
  if (RESERVED_PATHS.some((own) => path === own || path.startsWith(`${own}/`))) {
    report(field, `belongs to the product (${RESERVED_PATHS.join(', ')}): choose another path`)
  }
}
