/** For tests that run side by side: what one of them started ends with it, and not with another. */
import { getTestContext, type SuiteContext, type TestContext } from 'node:test';

type Close = () => unknown;

const closes = new WeakMap<TestContext | SuiteContext, Close[]>();

/** Ends this, too, when the test that runs here is over: the last that was added first. @throws Error outside of a test */
export function atEnd(...added: Close[]): void {
	const context = getTestContext();
	if (context === undefined || !('after' in context)) throw new Error('no test runs here');
	const known = closes.get(context);
	if (known !== undefined) {
		known.push(...added);
		return;
	}
	const all = [...added];
	closes.set(context, all);
	context.after(async () => {
		for (const close of all.reverse()) await close();
	});
}
