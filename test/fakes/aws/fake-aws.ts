/**
 * A stand-in for AWS: one HTTP server for Auto Scaling, EC2, ELB and CloudWatch, with state, told apart by the
 * signature's scope. It checks signatures for real and holds each request and each of its own answers against
 * the provider's published model: what does not fit is refused, and kept in `violations`.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AUTOSCALING } from './autoscaling.ts';
import { Cloud } from './cloud.ts';
import type { CloudTimes } from './cloud-state.ts';
import { cloudwatchOf, FakeMetrics } from './cloudwatch.ts';
import { EC2 } from './ec2.ts';
import { ELB } from './elb.ts';
import { readJson, writeJson } from './json.ts';
import { type OperationModel, operationOf, SERVICES, type Service } from './model.ts';
import { type Operation, Refusal } from './operation.ts';
import { readQuery } from './query-request.ts';
import { checkSignature, type Keys } from './sigv4.ts';
import { complainOf } from './validate.ts';
import { REQUEST_ID, writeAnswer, writeError } from './xml-answer.ts';

/** What a test has go wrong. */
interface Fault {
	readonly action: string;
	left: number;
	/** Calls that go well before. */
	spared: number;
	readonly does: Refusal | 'drop' | 'hang';
}

export interface Call {
	/** `autoscaling:SetDesiredCapacity`. */
	readonly action: string;
	readonly input: Record<string, unknown>;
	readonly status: number;
}

interface Sent {
	readonly status: number;
	readonly text: string;
	readonly json: boolean;
	readonly headers?: Readonly<Record<string, string>>;
}

/** Requests longer than this are refused, bytes. */
const MOST_BYTES = 1_000_000;

export class FakeAws {
	readonly cloud: Cloud;
	readonly metrics = new FakeMetrics();
	readonly calls: Call[] = [];
	/** Requests or answers that the model does not allow; a test ends with none. */
	readonly violations: string[] = [];
	keys: Keys = {
		accessKeyId: 'AKIDEXAMPLE',
		secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
		sessionToken: null,
	};
	readonly #faults: Fault[] = [];
	readonly #denied = new Set<string>();
	readonly #server: Server;
	readonly #operations: Readonly<Record<string, Readonly<Record<string, Operation>>>>;

	constructor(times: Partial<CloudTimes> = {}) {
		this.cloud = new Cloud(times);
		this.#operations = {
			autoscaling: AUTOSCALING,
			ec2: EC2,
			elasticloadbalancing: ELB,
			monitoring: cloudwatchOf(this.metrics),
		};
		this.#server = createServer((request, response) => void this.#serve(request, response));
	}

	async start(): Promise<this> {
		this.#server.listen(0, '127.0.0.1');
		await once(this.#server, 'listening');
		return this;
	}

	get url(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	async close(): Promise<void> {
		this.#server.closeAllConnections();
		this.#server.close();
		await once(this.#server, 'close');
	}

	/** The next calls are throttled, in the words of each service. */
	throttle(action: string, times = 1): void {
		const ec2 = action.startsWith('ec2:');
		const code = ec2 ? 'RequestLimitExceeded' : 'Throttling';
		this.fail(action, new Refusal(code, ec2 ? 'Request limit exceeded.' : 'Rate exceeded', ec2 ? 503 : 400), times);
	}

	/** From now on the credentials are too old, until `keys` are set anew. */
	expire(): void {
		this.fail(
			'*',
			new Refusal('ExpiredToken', 'The security token included in the request is expired', 403),
			Number.POSITIVE_INFINITY,
		);
	}

	/** Ends what `throttle`, `expire`, `fail`, `drop` and `hang` began. */
	heal(): void {
		this.#faults.length = 0;
	}

	deny(action: string): void {
		this.#denied.add(action);
	}

	allow(action: string): void {
		this.#denied.delete(action);
	}

	fail(action: string, does: Fault['does'], times = 1, spared = 0): void {
		this.#faults.push({ action, left: times, spared, does });
	}

	/** Connections that are open now. */
	get connections(): Promise<number> {
		return new Promise((resolve, reject) =>
			this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
		);
	}

	/** Times that an action was called, the failed ones too. */
	count(action: string): number {
		return this.calls.filter((call) => call.action === action).length;
	}

	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const chunks: Buffer[] = [];
		let bytes = 0;
		for await (const chunk of request) {
			bytes += (chunk as Buffer).length;
			if (bytes > MOST_BYTES) return void request.socket.destroy();
			chunks.push(chunk as Buffer);
		}
		const body = Buffer.concat(chunks).toString('utf8');
		const checked = checkSignature(request, body, this.keys);
		const signedAs = checked.ok ? checked.service : 'autoscaling';
		const service = SERVICES.find((one) => one.signedAs === signedAs);
		if (service === undefined) return void response.writeHead(404).end();
		const sent = checked.ok
			? this.#answer({ service, region: checked.region, request, body })
			: this.#refuse(service, new Refusal(checked.code, checked.message, 403), request);
		if (sent === 'drop') return void request.socket.destroy();
		if (sent === 'hang') return;
		const type = sent.json ? 'application/x-amz-json-1.0' : 'text/xml';
		response
			.writeHead(sent.status, { 'content-type': type, 'x-amzn-requestid': REQUEST_ID, ...sent.headers })
			.end(sent.text);
	}

	#answer(asked: { service: Service; region: string; request: IncomingMessage; body: string }): Sent | 'drop' | 'hang' {
		const { service, request, body } = asked;
		const form = new URLSearchParams(body);
		const json = isJson(request);
		const action = json ? (String(request.headers['x-amz-target']).split('.')[1] ?? '') : (form.get('Action') ?? '');
		const name = `${service.signedAs === 'monitoring' ? 'cloudwatch' : service.signedAs}:${action}`;
		const model = operationOf(service, action);
		const operation = this.#operations[service.signedAs]?.[action];
		let input: Record<string, unknown> = {};
		const done = (sent: Sent | 'drop' | 'hang'): Sent | 'drop' | 'hang' => {
			this.calls.push({ action: name, input, status: typeof sent === 'string' ? 0 : sent.status });
			return sent;
		};
		if (model === undefined || operation === undefined)
			return done(
				this.#refuse(
					service,
					new Refusal('InvalidAction', `The action ${action} is not valid for this web service.`),
					request,
				),
			);
		const read = json
			? readJson(body, model.input)
			: readQuery(form, model.input, service.protocol === 'ec2' ? 'ec2' : 'query');
		input = read.value;
		const faults = [...read.faults, ...(read.faults.length > 0 ? [] : complainOf(input, model.input))];
		if (!json && form.get('Version') !== service.version) faults.push(`Version ${form.get('Version')}`);
		if (faults.length > 0) {
			this.violations.push(...faults.map((fault) => `request ${name}: ${fault}`));
			return done(this.#refuse(service, new Refusal('ValidationError', faults.join('; ')), request));
		}
		const fault = this.#faultOf(name);
		if (fault === 'drop' || fault === 'hang') return done(fault);
		if (fault !== null) return done(this.#refuse(service, fault, request));
		return done(
			this.#act({
				...asked,
				model,
				name,
				action,
				run: () => operation(input as never, { cloud: this.cloud, region: asked.region }),
			}),
		);
	}

	#act(it: {
		service: Service;
		request: IncomingMessage;
		model: OperationModel;
		name: string;
		action: string;
		run: () => object | undefined;
	}): Sent {
		try {
			this.cloud.tick();
			const value = it.run();
			this.cloud.tick();
			const complaints = complainOf(value, it.model.output);
			if (complaints.length > 0) {
				this.violations.push(...complaints.map((complaint) => `answer ${it.name}: ${complaint}`));
				return this.#refuse(
					it.service,
					new Refusal('InternalFailure', 'the fake made a wrong answer', 500),
					it.request,
				);
			}
			const json = isJson(it.request);
			const text = json
				? writeJson(value, it.model.output)
				: writeAnswer(it.service, it.action, { value, shape: it.model.output });
			return { status: 200, text, json };
		} catch (error) {
			if (error instanceof Refusal) return this.#refuse(it.service, error, it.request);
			throw error;
		}
	}

	#faultOf(name: string): Fault['does'] | null {
		const at = this.#faults.findIndex(({ action, left }) => left > 0 && (action === '*' || action === name));
		const fault = this.#faults[at];
		if (fault !== undefined && fault.spared > 0) fault.spared--;
		else if (fault !== undefined) {
			fault.left--;
			return fault.does;
		}
		if (!this.#denied.has(name)) return null;
		const who = 'User: arn:aws:iam::123456789012:user/ballast';
		return name.startsWith('ec2:')
			? new Refusal(
					'UnauthorizedOperation',
					`You are not authorized to perform this operation. ${who} is not authorized to perform: ${name} because no identity-based policy allows the ${name} action. Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmnop`,
					403,
				)
			: new Refusal(
					'AccessDenied',
					`${who} is not authorized to perform: ${name} because no identity-based policy allows the ${name} action`,
					403,
				);
	}

	#refuse(service: Service, { code, message, status }: Refusal, request: IncomingMessage): Sent {
		if (!isJson(request)) return { status, text: writeError(service, code, message), json: false };
		const text = JSON.stringify({ __type: `com.amazonaws.cloudwatch#${code}`, message });
		return { status, text, json: true, headers: { 'x-amzn-query-error': `${code};Sender` } };
	}
}

function isJson(request: IncomingMessage): boolean {
	return request.headers['x-amz-target'] !== undefined;
}
