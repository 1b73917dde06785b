/** What only live orders have in their story: signing, sending, and what the chain made of it. */
import type { LiveEvent, OrderEventData } from "../../../domain/order/events.ts";
import { inputMintOf, outputMintOf } from "../../../domain/order/trade.ts";
import { assertNever } from "../../../domain/primitives/assert-never.ts";
import { SOL_MINT } from "../../../domain/primitives/ids.ts";
import { formatTimestamp } from "../../../domain/primitives/time.ts";
import { showLamports } from "../tokens.ts";
import { modelLines, type StoryContext } from "./story-context.ts";

/** Sentences, the first one the gist. */
export function tellLive(event: LiveEvent, context: StoryContext): readonly string[] {
  switch (event.type) {
    case "SimulationPassed":
      return simulated(event.data, context);
    case "GateRefused":
      return [
        `Attempt ${event.data.attempt}: the transaction gate refused the bytes ` +
          `by rule ${event.data.rule}. Nothing was signed.`,
        `Found ${event.data.found}, allowed ${event.data.allowed}.`,
      ];
    case "SigningRefused":
      return [
        `Attempt ${event.data.attempt}: the signer refused ` +
          `by rule ${event.data.rule}: ${event.data.message}.`,
      ];
    case "AttemptSigned":
      return signed(event.data, context);
    case "AttemptSubmitted":
      return [`${event.data.sender} took the bytes and answered ${event.data.answer}.`];
    case "SubmissionRefused":
      return [`${event.data.sender} refused the bytes: ${event.data.reason}.`];
    case "SubmissionUnknown":
      return [
        `Nobody knows whether ${event.data.sender} took the bytes: ${event.data.cause}.`,
        "They count as sent.",
      ];
    case "AttemptConfirmed":
      return [
        `The transaction landed in slot ${event.data.slot} (${event.data.commitment}), ` +
          `says ${event.data.nodes.join(" and ")}.`,
      ];
    case "AttemptFailed":
      return [
        `Attempt ${event.data.attempt} failed on the chain in slot ${event.data.slot} ` +
          `(${event.data.class}): ${event.data.message}.`,
        `It cost ${showLamports(BigInt(event.data.feeLamports))}; nothing else moved.`,
        `Error ${event.data.error}, says ${event.data.nodes.join(" and ")}.`,
      ];
    case "AttemptExpired":
      return expired(event.data);
    case "OutcomeUnknown":
      return [
        `Nobody can prove what became of attempt ${event.data.attempt}: ${event.data.message}.`,
        ...event.data.missing.map(({ node, what }) => `${node}: ${what}.`),
        "Nothing is signed again for this order; `orderstream resolve` takes evidence.",
      ];
    case "OutcomeResolved":
      return resolved(event.data);
    case "FillFinalized":
      return [
        `The fill is final: slot ${event.data.slot} is finalized, ` +
          `says ${event.data.nodes.join(" and ")}.`,
      ];
    case "FillVoided":
      return [
        `The fill in slot ${event.data.slot} is void: ${event.data.message}, ` +
          `says ${event.data.nodes.join(" and ")}.`,
        "The same bytes go on: they may land in another slot.",
      ];
    default:
      return assertNever(event);
  }
}

function simulated(
  data: OrderEventData<"SimulationPassed">,
  { tokens }: StoryContext,
): readonly string[] {
  const { fee } = data;
  const changes = data.balanceChanges.map(
    ({ account, mint, change }) => `${account}: ${signedText(tokens.show(mint, BigInt(change)))}.`,
  );
  return [
    `Attempt ${data.attempt} passed simulation at slot ${data.slot} with ` +
      `${data.unitsConsumed} compute units, and the transaction gate.`,
    ...changes,
    `Fee by ${fee.source}${fee.samples > 0 ? ` (${fee.samples} samples)` : ""}: ` +
      `priority ${showLamports(BigInt(fee.priorityFeeLamports))}, ` +
      `tip ${showLamports(BigInt(fee.tipLamports))}; at most ${fee.unitLimit} units ` +
      `at ${fee.unitPriceMicroLamports} micro-lamports.`,
    `Programs: ${data.programs.join(", ")}.`,
    ...evidenceLine(data.evidence),
  ];
}

function signed(
  data: OrderEventData<"AttemptSigned">,
  { request, tokens }: StoryContext,
): readonly string[] {
  const fees = [data.baseFeeLamports, data.priorityFeeLamports, data.tipLamports].map((lamports) =>
    showLamports(BigInt(lamports)),
  );
  return [
    `Attempt ${data.attempt} was signed as ${data.signature}, for the ${data.route} route.`,
    `Wallet ${data.wallet} gets at least ` +
      `${tokens.show(outputMintOf(request), BigInt(data.minimumOut))} or nothing is swapped; ` +
      `base fee ${fees[0]}, priority fee ${fees[1]}, tip ${fees[2]}.`,
    `Blockhash ${data.blockhash}, read at slot ${data.contextSlot}: ` +
      `it can land up to block height ${data.lastValidBlockHeight}.`,
    `Chain ${data.genesisHash}; safety revision ${data.safetyRevision}, lease ${data.leaseEpoch}.`,
  ];
}

function expired(data: OrderEventData<"AttemptExpired">): readonly string[] {
  return [
    `Attempt ${data.attempt} is dead: its blockhash was good up to block height ` +
      `${data.lastValidBlockHeight}, and no node knows its signature.`,
    ...data.evidence.map(
      ({
        node,
        finalizedBlockHeight,
        lastValidBlockHeight,
        heightSlot,
        statusSlot,
        firstAvailableBlock,
      }) =>
        `${node}: finalized block height ${finalizedBlockHeight} above ${lastValidBlockHeight} at slot ${heightSlot}, ` +
        `signature not found at slot ${statusSlot}` +
        `${firstAvailableBlock === undefined ? "" : `, history from block ${firstAvailableBlock}`}.`,
    ),
    ...(data.singleNode ? ["One node's word was enough, by configuration."] : []),
  ];
}

const OUTCOMES = { landed: "it landed", failed: "it failed", expired: "it never landed" } as const;

function resolved(data: OrderEventData<"OutcomeResolved">): readonly string[] {
  const slot = data.slot === undefined ? "" : ` in slot ${data.slot}`;
  return [
    `${data.by} ended the doubt about attempt ${data.attempt}: ` +
      `${OUTCOMES[data.outcome]}${slot}${data.message === "" ? "" : ` (${data.message})`}.`,
    ...data.evidence.map(
      ({ node, method, sha256 }) => `Evidence: ${method} of ${node}, sha256 ${sha256}.`,
    ),
  ];
}

/** What made the simulation fail: the paper venue's figures, the chain's, or both. */
export const simulationLines = ({
  paper,
  chain,
}: OrderEventData<"SimulationFailed">): readonly string[] => [
  ...(paper
    ? [`Limit ${paper.limit}, found ${paper.value}.`, ...modelLines(paper.model, paper.terms)]
    : []),
  ...(chain
    ? [
        `The node ran it at slot ${chain.slot} with ${chain.unitsConsumed} compute units: ` +
          `${chain.error}.`,
        ...chain.logs.slice(-LAST_LOGS),
      ]
    : []),
];

/** Of a simulation; where it failed stands at the end. */
const LAST_LOGS = 5;

/** Fees of a paper fill; of a live one where it is on the chain, and lines whose sum is the wallet's change. */
export function fillFacts(
  data: OrderEventData<"OrderFilled">,
  context: StoryContext,
): readonly string[] {
  const { fees, live } = data;
  if (!live) {
    const lines = [
      `base ${showLamports(BigInt(fees.baseFeeLamports))}`,
      `priority ${showLamports(BigInt(fees.priorityFeeLamports))}`,
      `tip ${showLamports(BigInt(fees.tipLamports))}`,
      `rent ${showLamports(BigInt(fees.rentLamports))}`,
    ];
    return [`Fees: ${lines.join(", ")}.`];
  }
  const block =
    live.blockTimeSeconds === undefined
      ? ""
      : `, block time ${formatTimestamp(live.blockTimeSeconds * 1_000_000)}`;
  const units = live.unitsConsumed === undefined ? "" : `, ${live.unitsConsumed} compute units`;
  return [
    `Landed in slot ${live.slot} (${live.commitment})${block}${units}; ` +
      `balances of ${live.node}.`,
    walletLine(data, live, context),
    ...platformLine(fees.platformFee),
    live.mevProtected ? "It went through protected senders only." : "It went through public nodes.",
  ];
}

type LiveFill = NonNullable<OrderEventData<"OrderFilled">["live"]>;

/** `The wallet's SOL: swap -1.5 SOL, base fee -0.000005 SOL, …: together -1.50001 SOL.` */
function walletLine(
  { amountIn, amountOut, fees }: OrderEventData<"OrderFilled">,
  live: LiveFill,
  { request }: StoryContext,
): string {
  const spent = inputMintOf(request) === SOL_MINT ? BigInt(amountIn) : 0n;
  const received = outputMintOf(request) === SOL_MINT ? BigInt(amountOut) : 0n;
  const lines: readonly (readonly [string, bigint])[] = [
    ["swap", received - spent],
    ["base fee", -BigInt(fees.baseFeeLamports)],
    ["priority fee", -BigInt(fees.priorityFeeLamports)],
    ["tip", -BigInt(fees.tipLamports)],
    ["rent locked", -BigInt(live.rentLockedLamports)],
    ["rent recovered", BigInt(live.rentRecoveredLamports)],
    ["unwrapped", BigInt(live.unwrappedLamports)],
    ["other transfers", -BigInt(live.otherTransfersLamports)],
  ];
  const change = BigInt(live.walletLamportsChange);
  const rest = change - lines.reduce((sum, [, lamports]) => sum + lamports, 0n);
  const told = [...lines, ["not explained", rest] as const]
    .filter(([, lamports]) => lamports !== 0n)
    .map(([name, lamports]) => `${name} ${signedText(showLamports(lamports))}`);
  return `The wallet's SOL: ${told.join(", ")}; together ${signedText(showLamports(change))}.`;
}

const platformLine = (units: string): readonly string[] =>
  units === "0"
    ? []
    : [`Platform fee: ${units} smallest units, taken by the swap from its own amounts.`];

const evidenceLine = (sha256: string | undefined): readonly string[] =>
  sha256 === undefined ? [] : [`Evidence: sha256 ${sha256}.`];

const signedText = (text: string): string => (text.startsWith("-") ? text : `+${text}`);
