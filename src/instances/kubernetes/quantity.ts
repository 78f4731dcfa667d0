/** Quantities of Kubernetes: `250m`, `1.5`, `128Mi`, `1e3`, `100k`. */

const UNITS: Record<string, number> = {
	n: 1e-9,
	u: 1e-6,
	m: 1e-3,
	'': 1,
	k: 1e3,
	M: 1e6,
	G: 1e9,
	T: 1e12,
	P: 1e15,
	E: 1e18,
	Ki: 2 ** 10,
	Mi: 2 ** 20,
	Gi: 2 ** 30,
	Ti: 2 ** 40,
	Pi: 2 ** 50,
	Ei: 2 ** 60,
};

/** Cores or bytes; null: it is no quantity. */
export function parseQuantity(text: unknown): number | null {
	if (typeof text === 'number') return Number.isFinite(text) ? text : null;
	const found =
		typeof text === 'string' && text.length < 64
			? /^([+-]?\d*\.?\d+(?:[eE][+-]?\d+)?|\d+\.)([numkMGTPE]|[KMGTPE]i)?$/.exec(text)
			: null;
	if (found === null) return null;
	const value = Number(found[1]) * (UNITS[found[2] ?? ''] as number);
	return Number.isFinite(value) ? value : null;
}
