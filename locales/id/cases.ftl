# Kata-kata tentang laporan yang dipakai di semua layar, dan surel kepada pelapor.

case-kind-complaint = Pengaduan
case-kind-supervisory-complaint = Pengaduan berkadar pengawasan
case-kind-information-request = Permintaan informasi
case-kind-aspiration = Aspirasi
case-kind-appreciation = Apresiasi
case-kind-service-request = Permohonan layanan

case-channel-web = Formulir web
case-channel-email = Surel
case-channel-phone = Telepon
case-channel-counter = Loket
case-channel-letter = Surat
case-channel-api = Aplikasi lain
case-channel-sms = SMS
case-channel-whatsapp = WhatsApp
case-channel-chat = Obrolan web
case-channel-social = Media sosial

case-action-verify = Verifikasi
case-action-ask = Minta kelengkapan
case-action-complete = Catat kelengkapan
case-action-forward = Teruskan ke unit
case-action-accept = Terima tugas
case-action-return = Kembalikan
case-action-progress = Kabarkan perkembangan
case-action-answer = Kirim jawaban
case-action-confirm = Catat sudah selesai
case-action-reopen = Buka kembali
case-action-object = Catat keberatan
case-action-refer = Arahkan ke instansi lain
case-action-duplicate = Tandai ganda
case-action-archive = Arsipkan
case-action-withdraw = Catat pencabutan
case-action-assign = Tugaskan
case-action-reclassify = Ubah jenis atau kategori
case-action-conceal = Rahasiakan
case-action-concern = Catat pihak yang dilaporkan
case-action-extend = Perpanjang tenggat
case-action-settle = Tidak perlu dibalas
case-action-escalate = Naikkan ke atasan

# Kejadian dalam riwayat; di depannya tertulis siapa yang melakukannya.
case-event-received = menyampaikan laporan
case-event-verified = memverifikasi laporan
case-event-completion-asked = meminta kelengkapan kepada pelapor
case-event-completed = melengkapi laporan
case-event-forwarded = meneruskan laporan ke { $unit }
case-event-accepted = menerima tugas
case-event-returned = mengembalikan laporan ke meja layanan
case-event-progressed = mengabarkan perkembangan
case-event-answered = menjawab laporan
case-event-confirmed = menyatakan laporan selesai
case-event-closed = menutup laporan karena tidak ada tanggapan lagi
case-event-lapsed = menganggap laporan dicabut karena tidak dilengkapi
case-event-withdrawn = mencabut laporan
case-event-reopened = membuka kembali laporan
case-event-objected = menyampaikan keberatan kepada atasan
case-event-rated = memberi nilai { $rating } dari 5
case-event-referred = mengarahkan laporan ke instansi lain
case-event-marked-duplicate = menandai laporan ini sama dengan { $of }
case-event-archived = mengarsipkan laporan
case-event-assigned = menugaskan laporan kepada { $owner }
case-event-unassigned = melepas penugasan
case-event-reclassified = mengubah jenis atau kategori
case-event-concealed = menambah kerahasiaan laporan
case-event-concerned = mencatat pihak yang dilaporkan
case-event-extended = memperpanjang tenggat
case-event-settled = menyatakan pesan pelapor tidak perlu dibalas
case-event-escalated = menaikkan laporan ke atasan
case-event-citizen-wrote = menulis pesan
case-event-written-to-citizen = menulis kepada pelapor
case-event-noted = menulis catatan internal
case-event-identity-seen = melihat identitas pelapor
case-event-deadline-warned = mengingatkan: { $percent }% waktu terpakai ({ $deadline })
case-event-deadline-overdue = mencatat tenggat terlampaui ({ $deadline })
case-event-deadline-moved = menghitung ulang tenggat ({ $deadline }): { $old } menjadi { $new }
case-event-follow-up-moved = menghitung ulang waktu yang disepakati { $unit }: { $old } menjadi { $new }
case-event-talk-joined = menautkan percakapan ke laporan
case-event-other = mengubah laporan

case-actor-citizen = Pelapor
case-actor-system = Tanggap
case-actor-token = Aplikasi lain
case-actor-staff = Petugas

case-clock-running = Berjalan
case-clock-paused = Dihentikan sementara
case-clock-met = Terpenuhi
case-clock-late = Terlambat
case-clock-cancelled = Tidak berlaku lagi
case-clock-passed = Waktunya lewat
case-clock-ended = { $state } { $at } (tenggat { $due })

case-follow-up-pending = Menunggu diterima
case-follow-up-accepted = Dikerjakan
case-follow-up-returned = Dikembalikan
case-follow-up-done = Dijawab
case-follow-up-cancelled = Dialihkan

case-owner-agency = Instansi
case-owner-citizen = Pelapor

case-limit-working-day = { $n } hari kerja
case-limit-calendar-day = { $n } hari kalender
case-limit-hour = { $n } jam

case-day-working-day = Hari kerja
case-day-weekend = Akhir pekan
case-day-national-holiday = Libur nasional
case-day-joint-leave = Cuti bersama
case-day-regional-holiday = Libur daerah
case-day-extra-working-day = Hari kerja pengganti
case-day-paused = Waktu dihentikan, menunggu pelapor

case-anonymous = Anonim
    .hint = Identitas pelapor disembunyikan dari umum dan dari pihak yang dilaporkan.
case-confidential = Rahasia
    .hint = Isi laporan tidak diumumkan.
case-unit-desk = Meja layanan

case-illegal-move = Langkah ini tidak dapat dilakukan pada laporan dalam keadaan sekarang.
case-illegal-reported-unit = Laporan tidak dapat diserahkan kepada pihak yang dilaporkan (UU 25/2009 Pasal 45). Teruskan kepada atasannya.
case-illegal-too-late = Batas waktu untuk membuka kembali laporan ini sudah lewat. Anda dapat menyampaikan laporan baru.
case-illegal-extension = Tenggat ini tidak dapat diperpanjang, atau sudah pernah diperpanjang.
case-illegal-reopened-before = Laporan ini sudah pernah dibuka kembali. Langkah berikutnya adalah keberatan kepada atasan.
case-illegal-objected-before = Keberatan atas laporan ini sudah disampaikan.
case-illegal-reveal = Kerahasiaan yang dipilih pelapor tidak dapat dikurangi.

case-invalid-empty = Tulis dahulu isinya.
case-invalid-long = Tulisan terlalu panjang.
case-invalid-subject = Tulis judul laporan.
case-invalid-description = Ceritakan apa yang terjadi.
case-invalid-files = Paling banyak { $max } berkas.
case-invalid-unit = Pilih unit yang masih bertugas.
case-invalid-code = Kode laporan ini tidak ditemukan.
case-invalid-user = Pilih petugas yang masih aktif.
case-invalid-owner = Petugas ini tidak berwenang membuka laporan ini. Pilih petugas lain.
case-invalid-category = Pilih kategori yang tersedia.
case-invalid-rating = Pilih nilai 1 sampai 5.

# Surel kepada pelapor.
mail-case-received =
    Yth. { $name },

    Laporan Anda sudah kami terima dan tercatat.

    Kode lacak: { $code }
    PIN: { $pin }
    Judul: { $subject }

    Simpan kode dan PIN ini. Dengan keduanya Anda dapat melihat setiap langkah penanganan, menambah keterangan, dan membalas pesan kami. Jangan berikan PIN kepada siapa pun; petugas tidak pernah memintanya.
    .subject = Laporan Anda sudah kami terima
mail-case-verified =
    Yth. { $name },

    Laporan Anda "{ $subject }" sudah diperiksa dan dinyatakan lengkap. Selanjutnya laporan diteruskan ke unit yang berwenang.
    .subject = Laporan Anda sudah diverifikasi
mail-case-completion-asked =
    Yth. { $name },

    Agar laporan Anda "{ $subject }" dapat ditangani, kami memerlukan keterangan tambahan:

    { $text }

    Mohon dilengkapi dalam 30 hari. Lewat waktu itu, laporan dianggap dicabut. Selama menunggu, tenggat kami dihentikan sementara.
    .subject = Laporan Anda perlu dilengkapi
mail-case-forwarded =
    Yth. { $name },

    Laporan Anda "{ $subject }" sudah diteruskan ke unit yang berwenang menanganinya.
    .subject = Laporan Anda sudah diteruskan
mail-case-progressed =
    Yth. { $name },

    Ada kabar tentang laporan Anda "{ $subject }":

    { $text }
    .subject = Kabar tentang laporan Anda
mail-case-answered =
    Yth. { $name },

    Berikut jawaban atas laporan Anda "{ $subject }":

    { $text }

    Jika masalahnya sudah selesai, mohon nyatakan selesai di halaman laporan. Jika belum, Anda dapat membukanya kembali di sana. Tanpa tanggapan dalam 10 hari kerja, laporan kami tutup.
    .subject = Laporan Anda sudah dijawab
mail-case-closed =
    Yth. { $name },

    Laporan Anda "{ $subject }" kami tutup karena tidak ada tanggapan dalam 10 hari kerja sejak dijawab. Jika masalahnya belum selesai, Anda masih dapat membukanya kembali satu kali dalam 30 hari.
    .subject = Laporan Anda ditutup
mail-case-lapsed =
    Yth. { $name },

    Keterangan yang kami minta untuk laporan "{ $subject }" tidak kami terima dalam 30 hari, sehingga laporan dianggap dicabut (UU 25/2009 Pasal 44 ayat 5). Anda dapat menyampaikan laporan baru kapan saja.
    .subject = Laporan Anda dianggap dicabut
mail-case-referred =
    Yth. { $name },

    Laporan Anda "{ $subject }" berada di luar kewenangan kami. Yang berwenang menanganinya:

    { $text }
    .subject = Laporan Anda merupakan kewenangan instansi lain
mail-case-marked-duplicate =
    Yth. { $name },

    Laporan Anda "{ $subject }" sama dengan laporan yang sudah kami tangani, sehingga keduanya kami satukan. Perkembangannya dapat Anda lihat di halaman laporan Anda.
    .subject = Laporan Anda kami satukan dengan laporan lain
mail-case-archived =
    Yth. { $name },

    Laporan Anda "{ $subject }" kami arsipkan, dengan alasan berikut:

    { $text }
    .subject = Laporan Anda diarsipkan
mail-case-extended =
    Yth. { $name },

    Penanganan laporan Anda "{ $subject }" memerlukan waktu lebih lama. Tenggatnya kami perpanjang dengan alasan berikut:

    { $text }
    .subject = Tenggat laporan Anda diperpanjang
mail-case-written-to-citizen =
    Yth. { $name },

    Ada pesan tentang laporan Anda "{ $subject }":

    { $text }
    .subject = Pesan tentang laporan Anda
mail-footer =
    Lihat laporan Anda: { $link }
    Untuk membalas, buka alamat itu lalu masukkan PIN Anda.
mail-signature = { "" }

    Hormat kami,
    Pengelola pengaduan
case-channel-telegram = Telegram
case-channel-messenger = Messenger
case-channel-instagram = Instagram
case-channel-x = X
case-channel-webchat = Obrolan web
