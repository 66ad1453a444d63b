// The stub for aarch64. On entry the stack holds argc, argv, 0, environment, 0. syscall(2) for the registers.
entry:
    ldr w0, channel
    mov w1, #2                      // F_SETFD
    mov w2, #1                      // FD_CLOEXEC
    mov w8, #25                     // fcntl
    svc #0
    tbz w0, #31, 1f
    ldr w0, channel
    mov w8, #57                     // close
    svc #0
    tbnz w0, #31, 2f

1:  ldr x3, [sp]
    ldr x0, [sp, #8]                // argv[0]: the file
    add x1, sp, #16                 // its own argv
    add x2, x1, x3, lsl #3          // the environment, behind argv's null
    mov w8, #221                    // execve
    svc #0

    neg w0, w0
    mov w1, #0x58                   // 'X'
    sub sp, sp, #16
    strb w1, [sp, #3]
    str w0, [sp, #4]
    ldr w0, channel
    add x1, sp, #3
    mov w2, #5
    b 3f

2:  mov w0, #2
    adr x1, message
    mov w2, #message_length
3:  mov w8, #64                     // write
    svc #0
    mov w0, #126
    mov w8, #94                     // exit_group
    svc #0
    udf #0
