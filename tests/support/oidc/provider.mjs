// An OpenID Connect provider on loopback, with the accounts that the test names. It prints its
// address, and ends with its standard input.

import { createServer } from "node:http";

const given = JSON.parse(process.argv[2]);

// A machine whose clock is wrong.
const now = Date.now;
Date.now = () => now() + given.clock * 1000;

const { default: Provider, interactionPolicy } = await import("oidc-provider");

// Nobody is asked whether this inbox may know who they are.
const policy = interactionPolicy.base();
policy.get("consent").checks.remove("native_client_prompt");

const server = createServer();
server.listen(given.port, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "inbox",
        client_secret: given.secret,
        // The port of an address on loopback may be any: the product's is free when it starts.
        application_type: "native",
        redirect_uris: ["http://127.0.0.1/accounts/oidc/callback/"],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    claims: {
      openid: ["sub", "groups", "employee"],
      email: ["email", "email_verified"],
      profile: ["name", "given_name", "family_name"],
    },
    cookies: { keys: ["of these tests only"] },
    // ID tokens last an hour; cookies last longer, for clocks that are further apart than that.
    ttl: { IdToken: 3600, Interaction: 86400, Session: 86400, Grant: 86400 },
    pkce: { required: () => true },
    findAccount: (_context, id) =>
      id in given.accounts && {
        accountId: id,
        claims: () => ({ sub: id, ...given.accounts[id] }),
      },
    interactions: { policy },
    async loadExistingGrant(context) {
      const { client, session, params } = context.oidc;
      const grant = new context.oidc.provider.Grant({
        clientId: client.clientId,
        accountId: session.accountId,
      });
      grant.addOIDCScope(params.scope);
      await grant.save();
      return grant;
    },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});

process.stdin.on("end", () => process.exit(0)).resume();
