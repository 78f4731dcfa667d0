import type { JobSpend, NewJob, SpendAccount } from '../job.ts';
import { estimateCost } from './estimate-cost.ts';
import type { SpendPolicy } from './spend-policy.ts';
import { spendWindow } from './spend-window.ts';

/** What a job counts against: its tenant's sum, and that of all tenants of the service. */
export function jobSpend(
	policy: SpendPolicy,
	{ service, tenant, body, nowMs }: { service: string; tenant: string; body: NewJob['body']; nowMs: number },
): JobSpend {
	const { per, perTenant, total, tenants, price } = policy;
	const own = Object.hasOwn(tenants, tenant) ? (tenants[tenant] as number) : perTenant;
	const of: SpendAccount[] = [
		{ key: spendKey(service, per, tenant), most: own },
		{ key: spendKey(service, per, null), most: total },
	];
	return { cost: estimateCost(price, body), sinceMs: spendWindow(per, nowMs).sinceMs, of };
}

/** Whose sum it is; `tenant` null: of all. */
export const spendKey = (service: string, per: string, tenant: string | null): string =>
	JSON.stringify(tenant === null ? [service, per] : [service, per, tenant]);

/** What a key stands for; null: it is none. */
export function readSpendKey(key: string): { service: string; per: string; tenant: string | null } | null {
	const [service, per, tenant = null] = JSON.parse(key) as unknown[];
	if (typeof service !== 'string' || typeof per !== 'string') return null;
	return { service, per, tenant: typeof tenant === 'string' ? tenant : null };
}
