import type { CloudAnswer, CloudRequest } from './cloud.ts';

/** The metadata service's answers about the instance that asks. */
interface Instance {
  readonly region: string;
  readonly interface: string;
  readonly mac: string;
}

const token = 'aTokenOfTheMetadataService==';
const role = 'heddle';
const credentials = {
  Code: 'Success',
  Type: 'AWS-HMAC',
  AccessKeyId: 'ASIATESTTESTTESTTEST',
  SecretAccessKey: 'aSecretAccessKeyOfTheInstancesRole',
  Token: 'aSessionTokenOfTheInstancesRole',
  LastUpdated: '2026-01-01T00:00:00Z',
  Expiration: '2099-01-01T00:00:00Z',
};

/** The token, and the credentials of the instance's role. */
export const metadataSecrets = [token, credentials.SecretAccessKey, credentials.Token];

/** Answers as the metadata service of version 2: only who has asked for a token gets an answer. */
export function answerInstanceMetadata(
  { method, path, headers }: CloudRequest,
  instance: Instance,
): CloudAnswer {
  if (path === '/latest/api/token') {
    const hasLifetime = headers['x-aws-ec2-metadata-token-ttl-seconds'] !== undefined;
    return method === 'PUT' && hasLifetime
      ? { status: 200, headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' }, body: token }
      : { status: 400, body: '' };
  }
  if (headers['x-aws-ec2-metadata-token'] !== token) return { status: 401, body: '' };
  const body = itemsOf(instance)[path.replace('/latest/meta-data/', '').replace(/\/$/, '')];
  return body === undefined ? { status: 404, body: '' } : { status: 200, body };
}

function itemsOf({ region, interface: id, mac }: Instance): Readonly<Record<string, string>> {
  return {
    'placement/region': region,
    'placement/availability-zone': `${region}a`,
    [`network/interfaces/macs/${mac}/interface-id`]: id,
    'iam/security-credentials': role,
    [`iam/security-credentials/${role}`]: JSON.stringify(credentials),
  };
}
