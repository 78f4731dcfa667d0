/** Deployments and StatefulSets pass the suite of all platforms. */
import { platformSuite } from '../../src/instances/platform/testing-platform-suite.ts';
import { KubePlatformFake } from '../fakes/kubernetes/kube-platform-fake.ts';

const TIMES = { replicas: 3, actMs: 5, startMs: 30, endMs: 30 };
/** Several requests a look, on a machine that may be busy. */
const settings = { stuckMs: 1000 };
const bounds = 'a workload has no bounds of its own';

platformSuite('a Deployment', () => new KubePlatformFake({ ...TIMES, kind: 'deployment' }).listen(), {
	cannot: { bounds },
	settings,
});
platformSuite(
	'a Deployment behind a Service',
	() => new KubePlatformFake({ ...TIMES, kind: 'deployment', service: 'web', slice: 2 }).listen(),
	{ cannot: { bounds }, settings },
);
platformSuite('a StatefulSet', () => new KubePlatformFake({ ...TIMES, kind: 'statefulset' }).listen(), {
	cannot: {
		bounds,
		partial: 'its size is lowered by one request, without marks before it',
		refusedGrows: 'one permission is for both',
		replaced: 'a pod comes back under its name',
	},
	settings,
});
