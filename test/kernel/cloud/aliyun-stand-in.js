// Stands in for Alibaba Cloud's tool `aliyun`, of which no package exists: `aliyun PRODUCT ACTION --Name value …` becomes a signed
// request to https://PRODUCT.REGION.aliyuncs.com, with the key from the environment, of a profile, or of the instance's role. It warns
// with each call, as a tool does that is old or that reads its configuration in two places.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { request } from 'node:https';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { URLSearchParams } from 'node:url';

process.stderr.write('WARNING: a newer version of aliyun is there\n');
const [product, action, ...words] = process.argv.slice(2);
/** @type {Record<string, string>} */
const given = {};
for (let n = 0; n < words.length; n += 2) given[String(words[n]).replace('--', '')] = String(words[n + 1]);
const { region, mode, 'ram-role-name': role, ...parameters } = given;

const key = mode === 'EcsRamRole' ? await keyOfRole() : (keyOfEnvironment() ?? keyOfProfile());
const query = new URLSearchParams({
  Action: String(action),
  ...parameters,
  AccessKeyId: key.AccessKeyId,
  ...(key.SecurityToken !== undefined && { SecurityToken: key.SecurityToken }),
});
query.sort();
const signature = createHmac('sha1', `${key.AccessKeySecret}&`).update(query.toString()).digest('base64');
const asking = request({
  host: `${product}.${region}.aliyuncs.com`,
  method: 'POST',
  path: '/',
  headers: { signature },
  ca: readFileSync(String(process.env['SSL_CERT_FILE'])),
});
asking.end(query.toString());
const response = await new Promise((resolve, reject) => asking.on('response', resolve).on('error', reject));
const body = await text(response);
if (response.statusCode === 200) {
  process.stdout.write(`${body}\n`);
} else {
  const { Code, Message, RequestId } = JSON.parse(body);
  process.stderr.write(
    `ERROR: SDK.ServerError\nErrorCode: ${Code}\nRequestId: ${RequestId}\nMessage: ${Message}\n`,
  );
  process.exitCode = 1;
}

function keyOfEnvironment() {
  const { env } = process;
  const id = env['ALIBABACLOUD_ACCESS_KEY_ID'];
  return (
    id && {
      AccessKeyId: id,
      AccessKeySecret: env['ALIBABACLOUD_ACCESS_KEY_SECRET'],
      SecurityToken: env['ALIBABACLOUD_SECURITY_TOKEN'] ?? env['ALIBABA_CLOUD_SECURITY_TOKEN'],
    }
  );
}

/** The profile that a variable names, or else the current one. */
function keyOfProfile() {
  const { current, profiles } = JSON.parse(
    readFileSync(`${process.env['HOME']}/.aliyun/config.json`, 'utf8'),
  );
  const wanted = process.env['ALIBABA_CLOUD_PROFILE'] ?? current;
  const profile = profiles.find((/** @type {{ name: string }} */ { name }) => name === wanted);
  return { AccessKeyId: profile.access_key_id, AccessKeySecret: profile.access_key_secret };
}

async function keyOfRole() {
  const url = `http://100.100.100.200/latest/meta-data/ram/security-credentials/${role}`;
  const answer = await new Promise((resolve, reject) => get(url, resolve).on('error', reject));
  return JSON.parse(await text(answer));
}
