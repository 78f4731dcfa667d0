export const GCP_ENDPOINT = 'https://compute.googleapis.com';
