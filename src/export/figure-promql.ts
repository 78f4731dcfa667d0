import type { FigureInfo } from '../core/metric.ts';

export interface PromqlOf {
	/** Matchers, with commas between them: `service=~"$service"`. */
	where: string;
	/** Label names with commas between them; '': one value in all. */
	by: string;
	/** A duration of PromQL, such as `5m` or `$__rate_interval`. */
	over: string;
}

/** What a figure is in PromQL over our `/metrics`; null: it cannot be asked of Prometheus. */
export function figurePromql({ promql }: FigureInfo, { where, by, over }: PromqlOf): string | null {
	if (promql === null) return null;
	const values: Record<string, string> = { where, by, over };
	return (
		promql
			.replace(/\$(where|by|over)\b/g, (_, name: string) => values[name] as string)
			// Nothing to split by: `(le,)` and a matcher that ends in a comma are left.
			.replaceAll('(le,)', '(le)')
			.replace(/,\s*\}/g, '}')
	);
}
