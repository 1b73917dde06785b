/** The assembler against the encoding written out by hand, and its programs on the real runtime. */
import { Keypair } from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import { type Assembler, at, createAssembler } from "../../localnet/venue/assembler.ts";
import { writeElf } from "../../localnet/venue/elf.ts";
import { venueProgram } from "../../localnet/venue/venue-program.ts";
import { customCode } from "./support/venue-orders.ts";
import { venueWorld } from "./support/venue-world.ts";

function hexOf(write: (a: Assembler) => unknown): string[] {
  const a = createAssembler();
  write(a);
  const { text } = a.assemble();
  return Array.from({ length: text.length / 8 }, (_, index) =>
    Buffer.from(text.subarray(8 * index, 8 * index + 8)).toString("hex"),
  );
}

describe("encoding", () => {
  // opcode, destination | source << 4, offset i16, immediate i32
  test.each<[string, (a: Assembler) => void, string[]]>([
    ["load", (a) => a.load(8, 2, at(6, 80)), ["7962500000000000"]],
    ["load a byte below", (a) => a.load(1, 3, at(10, -2)), ["71a3feff00000000"]],
    ["store", (a) => a.store(4, at(9, 16), 1), ["6319100000000000"]],
    ["store a constant", (a) => a.storeConstant(8, at(1, 8), -1), ["7a010800ffffffff"]],
    ["constant", (a) => a.constant("mov", 0, 6001), ["b700000071170000"]],
    ["mask", (a) => a.constant("and", 6, -8), ["57060000f8ffffff"]],
    ["register", (a) => a.register("sub", 4, 3), ["1f34000000000000"]],
    ["modulo", (a) => a.register("mod", 1, 2), ["9f21000000000000"]],
    ["wide", (a) => a.wide(9, 0x3_0000_0001n), ["1809000001000000", "0000000003000000"]],
    ["wide, all bits", (a) => a.wide(1, 2n ** 64n - 1n), ["18010000ffffffff", "00000000ffffffff"]],
    ["exit", (a) => a.exit(), ["9500000000000000"]],
  ])("%s", (_, write, expected) => {
    expect(hexOf(write)).toEqual(expected);
  });

  test("jumps count from the next instruction, forwards and backwards", () => {
    const hex = hexOf((a) => {
      a.label("start");
      a.jumpIf("lt", 1, 5n, "end");
      a.jumpIf("ge", 1, 2, "start");
      a.wide(1, 1n);
      a.jump("start");
      a.label("end");
      a.exit();
    });
    expect(hex[0]).toBe("a501040005000000");
    expect(hex[1]).toBe("3d21feff00000000");
    expect(hex[4]).toBe("0500fbff00000000");
  });

  test("a call of a function is relative, one of a syscall is left to the loader", () => {
    const a = createAssembler();
    a.call("function");
    a.syscall("sol_log_");
    a.label("function");
    a.exit();
    const { text, syscalls } = a.assemble();
    expect(Buffer.from(text.subarray(0, 16)).toString("hex")).toBe(
      "851000000100000085100000ffffffff",
    );
    expect(syscalls).toEqual([{ offset: 8, name: "sol_log_" }]);
  });

  test.each<[string, (a: Assembler) => unknown]>([
    ["no label nowhere", (a) => a.jump("nowhere")],
    ["label twice is taken", (a) => [a.label("twice"), a.label("twice")]],
    ["40000 does not fit into 16 bits", (a) => a.load(8, 1, at(1, 40_000))],
    ["2147483648 does not fit into 32 bits", (a) => a.constant("mov", 1, 2 ** 31)],
    [`${2n ** 64n} does not fit into 64 bits`, (a) => a.wide(1, 2n ** 64n)],
  ])("refuses: %s", (message, write) => {
    expect(() => hexOf(write)).toThrow(message);
  });
});

describe("on the runtime", () => {
  function codeOf(write: (a: Assembler) => void): unknown {
    const a = createAssembler();
    write(a);
    // A program must call something: here behind its end.
    a.exit();
    a.syscall("sol_log_");
    const world = venueWorld();
    const program = Keypair.generate().publicKey.toBase58();
    world.chain.addProgram(program, writeElf(a.assemble()));
    const instruction = { programId: program, accounts: [], data: new Uint8Array() };
    return customCode(world.run([instruction]));
  }

  test("loads, jumps, calls functions, and keeps registers 6 to 9 over a call", () => {
    const code = codeOf((a) => {
      a.constant("mov", 6, 4_000);
      a.call("double");
      a.register("add", 0, 6);
      a.exit();
      a.label("double");
      a.constant("mov", 6, 1_000);
      a.register("mov", 0, 6);
      a.constant("lsh", 0, 1);
      a.constant("add", 0, 1);
    });
    expect(code).toBe(6_001);
  });

  test("comparisons are unsigned", () => {
    const code = codeOf((a) => {
      a.constant("mov", 1, -1);
      a.constant("mov", 0, 1);
      a.jumpIf("gt", 1, 5n, "end");
      a.constant("mov", 0, 2);
      a.label("end");
    });
    expect(code).toBe(1);
  });

  test("a program that calls nothing is refused", () => {
    const a = createAssembler();
    a.exit();
    expect(() => writeElf(a.assemble())).toThrow("without syscalls");
  });

  test("the venue's program is small and always the same", () => {
    expect(venueProgram().length).toBeLessThan(16_384);
    expect(venueProgram()).toEqual(venueProgram());
  });
});
