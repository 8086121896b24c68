// Writes calls.json as TypeScript, so that the compiler holds every parameter to the SDK's types, which are generated
// from the API of its version: node types.mjs IN > calls.ts
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const camel = word => word.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
console.log("import Stripe from 'stripe';\ndeclare const stripe: Stripe;");
for (const { service, method, id, params } of JSON.parse(readFileSync(join(process.argv[2], 'calls.json'), 'utf8'))) {
  const args = [...(id === undefined ? [] : [id]), params].map(arg => JSON.stringify(arg)).join(', ');
  console.log(`void stripe.${service.split('.').map(camel).join('.')}.${method}(${args});`);
}
