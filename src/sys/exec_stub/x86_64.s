# The stub for x86-64. On entry the stack holds argc, argv, 0, environment, 0. syscall(2) for the registers.
entry:
    movl channel(%rip), %edi
    movl $2, %esi                   # F_SETFD
    movl $1, %edx                   # FD_CLOEXEC
    movl $72, %eax                  # fcntl
    syscall
    testl %eax, %eax
    jns 1f
    movl $3, %eax                   # close
    syscall
    testl %eax, %eax
    js 2f

1:  movq (%rsp), %rax
    movq 8(%rsp), %rdi              # argv[0]: the file
    leaq 16(%rsp), %rsi             # its own argv
    leaq 16(%rsp,%rax,8), %rdx      # the environment, behind argv's null
    movl $59, %eax                  # execve
    syscall

    negl %eax
    movl %eax, -4(%rsp)
    movb $0x58, -5(%rsp)            # 'X'
    movl channel(%rip), %edi
    leaq -5(%rsp), %rsi
    movl $5, %edx
    jmp 3f

2:  movl $2, %edi
    leaq message(%rip), %rsi
    movl $message_length, %edx
3:  movl $1, %eax                   # write
    syscall
    movl $126, %edi
    movl $231, %eax                 # exit_group
    syscall
    ud2
