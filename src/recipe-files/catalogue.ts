import { includedRecipes, isPackageFile, namesInFolder } from '../host/files/package-files.ts';
import { canonicalTypeOf } from '../recipe/flannel/backend-types.ts';

/** Where recipes are looked for by name: an operator's own before those that come with heddle. */
const recipeFolders = ['/etc/heddle/recipes/', includedRecipes()];

/** A description of each included recipe, in one line. */
export const shippedRecipes: Readonly<Record<string, string>> = {
  vxlan:
    'VXLAN in the kernel, with the same entries as flannel’s vxlan backend; any network between the nodes',
  'host-gw': 'plain routes through each node’s own address; all nodes on one link',
  wireguard: 'encrypted by WireGuard, in the kernel or by wireguard-go; any network between the nodes',
  ipsec: 'encrypted by IPsec with strongSwan, in the kernel or by charon; any network between the nodes',
  ipip: 'IP in IP, with 20 bytes for each packet; any network that lets IP protocol 4 pass; IPv4 only',
  udp: 'packets in UDP, in the kernel or by socat; where the kernel has no VXLAN; IPv4 only',
  geneve: 'Geneve in the kernel, with one route for each peer that says where to send; Linux 5.18',
  gre: 'GRE in the kernel, where the network between the nodes lets it pass; neighbours with IP addresses',
  'aws-vpc':
    'a route for each node in a route table of an Amazon VPC, by the AWS command line; all nodes in one VPC; IPv4 only',
  gce: 'a route for each node in a network of Google Cloud, by curl; all nodes in one network; IPv4 only',
  'ali-vpc':
    'a route for each node in a route table of an Alibaba Cloud VPC, by aliyun; all nodes in one VPC; IPv4 only',
  'tencent-vpc':
    'a route for each node in a route table of a Tencent Cloud VPC, by tccli; all nodes in one VPC; IPv4 only',
  alloc: 'only a subnet for each node; something else connects the nodes',
};

/** A file for JSON editors, next to the recipes that name it. */
export const isRecipeFile = (file: string): boolean =>
  file.endsWith('.json') && !file.endsWith('.schema.json');

/** The file of a recipe's name, which may be k3s's name of a backend; undefined if there is none. */
export function findNamedRecipe(name: string): string | undefined {
  if (!/^[\w.-]+$/.test(name)) return undefined;
  return [name, canonicalTypeOf(name)]
    .flatMap((each) => recipeFolders.map((folder) => `${folder}${each}.json`))
    .find((path) => isPackageFile(path));
}

/** The names of all recipes that can be used by name, sorted. */
export function namedRecipes(): readonly string[] {
  const files = recipeFolders.flatMap((folder) => namesInFolder(folder));
  return [...new Set(files.filter(isRecipeFile).map((file) => file.slice(0, -'.json'.length)))].sort();
}
