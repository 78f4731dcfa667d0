import { platformSuite } from '../../src/instances/platform/testing-platform-suite.ts';
import { ExecFake } from '../fakes/exec/exec-fake.ts';

platformSuite('exec', () => ExecFake.start(), { settings: { pollMs: 400, limitMs: 2000 } });
