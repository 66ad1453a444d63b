/* The head of the stub's file: elf(5), ELF64, one segment, loaded as it is. The code follows at `entry`. */
.pushsection .rodata.coracle_stub, "a"
.balign 16
.globl coracle_stub_start
.hidden coracle_stub_start
coracle_stub_start:
.set base, 0x400000
/* e_ident: ELF, 64 bits, little-endian, version 1, System V */
.byte 0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
/* ET_EXEC, machine, version */
.2byte 2, {machine}
.4byte 1
/* e_entry, e_phoff, e_shoff */
.8byte base + (entry - coracle_stub_start), 64, 0
/* e_flags, e_ehsize, e_phentsize, e_phnum, and no sections */
.4byte 0
.2byte 64, 56, 1, 0, 0, 0
/* PT_LOAD, PF_R | PF_X, the whole file */
.4byte 1, 5
.8byte 0, base, base
.8byte coracle_stub_end - coracle_stub_start, coracle_stub_end - coracle_stub_start
.8byte 0x10000
