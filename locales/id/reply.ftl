# Tenggat membalas percakapan.

reply-targets = Target membalas
    .help = Dalam berapa menit jam kerja pesan warga dibalas. Di luar jam kerja waktunya tidak dihitung.
reply-all-queues = Semua antrean
reply-first = Balasan pertama
reply-next = Balasan berikutnya
reply-minutes = menit
reply-holds = Bila dikosongkan: { $first } menit, lalu { $next } menit.
reply-flash-saved = Target membalas disimpan.
reply-due-first = Balasan pertama
reply-due-next = Balasan berikutnya
reply-level = Dibalas tepat waktu
reply-late = Terlambat dibalas
reply-warned = Percakapan Anda hampir melewati target membalas.
reply-overdue = Percakapan Anda sudah melewati target membalas.
reply-open = Buka percakapan
routing-invalid-minutes = Isi 1 sampai 13.500 menit.
org-event-talk-reply-warned = Peringatan target membalas
org-event-reply-targets-set = Target membalas ditetapkan
