/** Azure Resource Manager of the public cloud. */
export const AZURE_ENDPOINT = 'https://management.azure.com';
