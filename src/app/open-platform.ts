/** The platform that a pool's instances are on. */
import { AwsPlatform } from '../instances/aws/aws-platform.ts';
import { AzurePlatform } from '../instances/azure/azure-platform.ts';
import type { PlatformConfig } from '../instances/config.ts';
import { ExecPlatform } from '../instances/exec/exec-platform.ts';
import { GcpPlatform } from '../instances/gcp/gcp-platform.ts';
import { KubernetesPlatform } from '../instances/kubernetes/kubernetes-platform.ts';
import type { Platform } from '../instances/platform/platform.ts';

/** @param name what stands for the pool: `videos`, `videos/standby` */
export function openPlatform(name: string, instances: PlatformConfig): Platform {
	switch (instances.kind) {
		case 'kubernetes':
			return new KubernetesPlatform(instances);
		case 'aws':
			return new AwsPlatform(instances);
		case 'azure':
			return new AzurePlatform(instances);
		case 'gcp':
			return new GcpPlatform(instances);
		case 'exec':
			return new ExecPlatform(name, instances);
	}
}
