/** Where it says what to do about an alert. */

/** The page of the default set, as it lies in the package. */
const PAGE = 'docs/runbooks.md';

/** Of a rule of the default set; `base`: address of that page where it was put somewhere to read, null: nowhere. */
export const defaultRunbook = (name: string, base: string | null): string => `${base ?? PAGE}#${name}`;

/** A page that lies beside the program cannot be followed from elsewhere. */
export const isLink = (runbook: string): boolean => /^https?:\/\//i.test(runbook);

/** As Prometheus and Alertmanager have it: what reads `runbook_url` makes a link of it. */
export function runbookAnnotation(runbook: string | null): Record<string, string> {
	if (runbook === null) return {};
	return isLink(runbook) ? { runbook_url: runbook } : { runbook };
}
