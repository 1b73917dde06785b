/** Methods about accounts: as of the commitment's block, in this node's view. */
import { z } from "zod";
import type { Address } from "../chain.types.ts";
import { TOKEN_PROGRAMS } from "../programs.ts";
import { readMint, readTokenAccount } from "../token-account.ts";
import { accountJson, decimalsOf, tokenAmount } from "./account-json.ts";
import { failure, isRpcFailure, RPC } from "./answers.ts";
import { type Methods, method } from "./method.ts";
import { type AccountOptions, accountOptions, address, plainOptions } from "./params.ts";
import type { NodeView } from "./view.ts";

const MAX_MULTIPLE_ACCOUNTS = 100;
const MAX_ACCOUNT_BYTES = 10 * 1024 * 1024;

const ownerFilter = z.union([
  z.object({ mint: address }).transform(({ mint }) => ({ mint, programId: undefined })),
  z.object({ programId: address }).transform(({ programId }) => ({ mint: undefined, programId })),
]);

const readerOf = (view: NodeView, options: AccountOptions) => {
  const height = view.heightOf(options?.commitment);
  return (key: Address) => view.chain.accountAt(key, height);
};

function accounts(keys: readonly Address[], options: AccountOptions, view: NodeView) {
  const early = view.tooEarly(options);
  if (early) return early;
  const read = readerOf(view, options);
  const value = keys.map((key) => {
    const account = read(key);
    return account ? accountJson(account, options, read) : null;
  });
  return value.find(isRpcFailure) ?? { context: view.context(options?.commitment), value };
}

function tokenAccountsOf(
  owner: Address,
  filter: z.infer<typeof ownerFilter>,
  { options, view }: { options: AccountOptions; view: NodeView },
) {
  const height = view.heightOf(options?.commitment);
  const read = readerOf(view, options);
  const { mint, programId } = filter;
  if (mint !== undefined && !read(mint)) {
    return failure(RPC.invalidParams, "Invalid param: could not find mint");
  }
  if (programId !== undefined && !TOKEN_PROGRAMS.has(programId)) {
    return failure(RPC.invalidParams, "Invalid param: unrecognized Token program id");
  }
  const programs = programId === undefined ? [...TOKEN_PROGRAMS] : [programId];
  const value = programs
    .flatMap((program) => view.chain.accountsOf(program, height))
    .filter(([, account]) => {
      const token = readTokenAccount(account);
      return token?.owner === owner && (mint === undefined || token.mint === mint);
    })
    .map(([pubkey, account]) => ({ pubkey, account: accountJson(account, options, read) }));
  const refused = value.map(({ account }) => account).find(isRpcFailure);
  return refused ?? { context: view.context(options?.commitment), value };
}

export const ACCOUNT_METHODS: Methods = {
  getAccountInfo: method(z.tuple([address, accountOptions]), ([key, options], view) => {
    const answer = accounts([key], options, view);
    return "value" in answer ? { ...answer, value: answer.value[0] } : answer;
  }),
  getMultipleAccounts: method(
    z.tuple([z.array(address).max(MAX_MULTIPLE_ACCOUNTS), accountOptions]),
    ([keys, options], view) => accounts(keys, options, view),
  ),
  getBalance: method(
    z.tuple([address, plainOptions]),
    ([key, options], view) =>
      view.tooEarly(options) ?? {
        context: view.context(options?.commitment),
        value: Number(
          view.chain.accountAt(key, view.heightOf(options?.commitment))?.lamports ?? 0n,
        ),
      },
  ),
  getMinimumBalanceForRentExemption: method(
    z.tuple([z.int().min(0).max(MAX_ACCOUNT_BYTES), plainOptions]),
    ([bytes], view) => Number(view.chain.rentExempt(bytes)),
  ),
  getTokenAccountBalance: method(z.tuple([address, plainOptions]), ([key, options], view) => {
    const read = readerOf(
      view,
      options && { ...options, encoding: undefined, dataSlice: undefined },
    );
    const account = read(key);
    if (!account) return failure(RPC.invalidParams, "Invalid param: could not find account");
    const token = readTokenAccount(account);
    if (!token) return failure(RPC.invalidParams, "Invalid param: not a Token account");
    const value = tokenAmount(token.amount, decimalsOf(read(token.mint)));
    return { context: view.context(options?.commitment), value };
  }),
  getTokenSupply: method(z.tuple([address, plainOptions]), ([key, options], view) => {
    const account = view.chain.accountAt(key, view.heightOf(options?.commitment));
    const mint = account && readMint(account);
    if (!mint) return failure(RPC.invalidParams, "Invalid param: not a Token mint");
    const value = tokenAmount(mint.supply, mint.decimals);
    return { context: view.context(options?.commitment), value };
  }),
  getTokenAccountsByOwner: method(
    z.tuple([address, ownerFilter, accountOptions]),
    ([owner, filter, options], view) =>
      view.tooEarly(options) ?? tokenAccountsOf(owner, filter, { options, view }),
  ),
};
