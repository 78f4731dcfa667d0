/**
 * Derives the models that the fakes of Azure and Google Cloud hold their requests and answers to, from what the
 * providers' own packages ship. `node test/fakes/cloud-models/derive.ts azure|gcp FOLDER` writes
 * `test/fakes/NAME/fixtures/model.json`; FOLDER is a node_modules with the packages named below (those that are no
 * devDependencies weigh too much: `npm install --prefix FOLDER @azure/arm-network @azure/arm-monitor
 * @azure/arm-authorization`, and `@google-cloud/monitoring @google-cloud/resource-manager`).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fromFunctions } from './from-functions.ts';
import { fromMappers } from './from-mappers.ts';
import { fromProtos, wordsInComments } from './from-protos.ts';
import type { Definitions } from './json-schema.ts';

export interface Model {
	/** Where it is from: `@azure/arm-compute 25.1.1`. */
	readonly from: string;
	readonly $defs: Definitions;
}

/** Of requests the functions that write them, of answers those that read them. */
const COMPUTE_FUNCTIONS = [
	'virtualMachineScaleSetDeserializer',
	'virtualMachineScaleSetUpdateSerializer',
	'virtualMachineScaleSetVMInstanceRequiredIDsSerializer',
	'_virtualMachineScaleSetVMListResultDeserializer',
	'_virtualMachineListResultDeserializer',
	'_virtualMachineSizeListResultDeserializer',
	'cloudErrorDeserializer',
];
const NETWORK_MAPPERS = ['NetworkInterfaceListResult', 'PublicIPAddressListResult'];
const MONITOR_MAPPERS = ['AutoscaleSettingResourceCollection', 'Response'];
const COMPUTE_MESSAGES = [
	'InstanceGroupManager',
	'InstanceGroupManagersListManagedInstancesResponse',
	'RegionInstanceGroupManagersListInstancesResponse',
	'InstanceGroupManagersDeleteInstancesRequest',
	'RegionInstanceGroupManagersDeleteInstancesRequest',
	'Operation',
	'Instance',
	'MachineType',
	'InstanceList',
	'AutoscalerList',
	'RegionAutoscalerList',
	'Autoscaler',
	'InstanceTemplate',
];
const MONITORING_MESSAGES = ['ListTimeSeriesResponse'];
const PROJECT_MESSAGES = ['google.iam.v1.TestIamPermissionsRequest', 'google.iam.v1.TestIamPermissionsResponse'];
const AUTHORIZATION_MAPPERS = ['PermissionGetResult'];

/** Each is read from `node_modules` as given. */
export const MODELS: Record<string, Record<string, (folder: string) => Definitions>> = {
	azure: {
		'@azure/arm-compute': (folder) => {
			const models = join(folder, 'dist/commonjs/models');
			const read = (file: string) =>
				['compute/', 'common/', ''].map((part) => readFileSync(join(models, part, file), 'utf8')).join('\n');
			return fromFunctions({ code: read('models.js'), types: read('models.d.ts') }, COMPUTE_FUNCTIONS);
		},
		'@azure/arm-network': (folder) =>
			fromMappers(createRequire(import.meta.url)(join(folder, 'dist/commonjs/models/mappers.js')), NETWORK_MAPPERS),
		'@azure/arm-monitor': (folder) =>
			fromMappers(createRequire(import.meta.url)(join(folder, 'dist-esm/src/models/mappers.js')), MONITOR_MAPPERS),
		'@azure/arm-authorization': (folder) =>
			fromMappers(
				createRequire(import.meta.url)(join(folder, 'dist-esm/src/models/mappers.js')),
				AUTHORIZATION_MAPPERS,
			),
	},
	gcp: {
		'@google-cloud/compute': (folder) => {
			const proto = readFileSync(join(folder, 'build/protos/google/cloud/compute/v1/compute.proto'), 'utf8');
			const words = wordsInComments(proto);
			return fromProtos({ protos: protosOf(folder), within: 'google.cloud.compute.v1', words }, COMPUTE_MESSAGES);
		},
		'@google-cloud/monitoring': (folder) =>
			fromProtos({ protos: protosOf(folder), within: 'google.monitoring.v3' }, MONITORING_MESSAGES),
		'@google-cloud/resource-manager': (folder) =>
			fromProtos({ protos: protosOf(folder), within: 'google.cloud.resourcemanager.v3' }, PROJECT_MESSAGES),
	},
};

/** @param modules a node_modules that has the package */
export function derive(cloud: string, name: string, modules: string): Model {
	const read = MODELS[cloud]?.[name];
	if (read === undefined) throw new Error(`no model is derived from ${name}`);
	return derivedFrom(join(modules, name), read);
}

function derivedFrom(folder: string, read: (folder: string) => Definitions): Model {
	const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
	return { from: `${name} ${version}`, $defs: read(folder) };
}

const protosOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'build/protos/protos.json'), 'utf8'));

if (import.meta.main) {
	const [name = '', modules = ''] = process.argv.slice(2);
	const models = Object.entries(MODELS[name] ?? {}).map(([pkg, read]) => derivedFrom(join(modules, pkg), read));
	const file = new URL(`../${name}/fixtures/model.json`, import.meta.url);
	writeFileSync(file, `${JSON.stringify(models, null, '\t')}\n`);
}
