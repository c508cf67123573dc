# Obrolan di web: halaman, jendela kecil di situs lain, dan surelnya.

chat-title = Obrolan
chat-lead = Tulis kepada petugas { $agency } dan baca jawabannya di sini.
chat-greeting = Selamat datang di { $agency }. Silakan tulis pertanyaan Anda, petugas kami akan menjawab di sini.
chat-away = Saat ini di luar jam layanan { $agency }. Tinggalkan pesan: kami tindak lanjuti sebagai laporan dan Anda mendapat kode lacaknya.
chat-home = Petugas siap menjawab sekarang.
    .open = Mulai obrolan
chat-none = Obrolan belum dibuka
chat-none-text = Instansi ini belum membuka obrolan. Pertanyaan dan keluhan Anda tetap kami terima lewat formulir.
chat-thread = Isi percakapan
chat-empty = Belum ada pesan.
chat-refresh = Muat ulang percakapan
chat-you = Anda
chat-officer = Petugas
chat-text = Pesan Anda
chat-email = Surel
chat-phone = Telepon
chat-name = Nama
chat-who = Agar jawaban dapat menyusul (tidak wajib)
chat-who-note = Jika Anda pergi sebelum dijawab, jawaban kami kirim ke surel ini, atau lewat WhatsApp ke nomor ini.
chat-kind = Pesan ini
chat-kind-information-request = Pertanyaan
chat-kind-complaint = Keluhan
chat-leave = Tinggalkan pesan
chat-left = Pesan Anda kami terima
chat-left-text = Simpan kode dan PIN ini untuk melacaknya.
chat-reach = Kirim jawaban ke surel saya
chat-reach-do = Simpan alamat
chat-transcript = Kirim salinan percakapan ke surel
chat-transcript-do = Kirim salinan
chat-end = Akhiri obrolan
chat-ended = Obrolan ini sudah berakhir. Pesan berikutnya memulai obrolan baru.
chat-rate = Bagaimana pelayanan kami?
chat-comment = Catatan
chat-rate-do = Kirim penilaian
chat-rated = Terima kasih. Anda menilai { $rating } dari 5.
chat-done-reach = Baik. Jawaban menyusul ke surel bila Anda sudah pergi.
chat-done-transcript = Salinan sedang dikirim ke surel Anda.
chat-done-rated = Terima kasih atas penilaian Anda.
chat-too-many = Terlalu sering. Tunggu sebentar, lalu coba lagi.
chat-invalid-long = Pesan paling panjang { $max } karakter.
chat-invalid-files = Paling banyak { $max } lampiran dalam satu pesan.
chat-illegal-closed = Saat ini di luar jam layanan. Silakan tinggalkan pesan.
chat-illegal-going-on = Obrolan ini masih berlangsung.
chat-illegal-transcripts = Salinan obrolan ini sudah cukup banyak dikirim.

# Teks jendela kecil.
chat-w-title = Obrolan
chat-w-open = Buka obrolan
chat-w-close = Tutup obrolan
chat-w-new-count = { $n } pesan baru
chat-w-log = Percakapan
chat-w-you = Anda
chat-w-officer = Petugas
chat-w-machine = Pesan otomatis
chat-w-greeting = Selamat datang. Silakan tulis pertanyaan Anda, petugas kami akan menjawab di sini.
chat-w-away = Saat ini di luar jam layanan. Tinggalkan pesan, kami tindak lanjuti sebagai laporan dan Anda mendapat kode lacaknya.
chat-w-text = Pesan Anda
chat-w-send = Kirim
chat-w-attach = Lampirkan foto atau berkas
chat-w-detach = Buang { $name }
chat-w-emoji = Pilih emoji
chat-w-typing = Petugas sedang menulis …
chat-w-sending = Mengirim …
chat-w-unsent = Belum terkirim. Disimpan di perangkat ini.
chat-w-unsent-volatile = Belum terkirim. Jangan tutup halaman ini.
chat-w-unsent-files = Belum terkirim. Lampiran { $name } tidak tersimpan di perangkat ini: lampirkan lagi, atau kirim tanpa lampiran.
chat-w-refused = Tidak terkirim: { $name }
chat-w-retry = Kirim lagi
chat-w-drop = Hapus
chat-w-sent = Terkirim
chat-w-seen = Sudah dibaca
chat-w-offline = Sambungan terputus. Pesan Anda disimpan dan dikirim begitu tersambung lagi.
chat-w-offline-short = Sambungan terputus.
chat-w-busy = Terlalu banyak pesan. Dicoba lagi sebentar.
chat-w-failed = Sedang ada gangguan pada kami. Silakan coba lagi.
chat-w-big = { $name } terlalu besar, paling besar { $max } MB.
chat-w-many = Paling banyak 5 lampiran dalam satu pesan.
chat-w-who = Agar jawaban dapat menyusul (tidak wajib)
chat-w-who-note = Jika Anda pergi sebelum dijawab, jawaban kami kirim ke surel ini, atau lewat WhatsApp ke nomor ini.
chat-w-name = Nama
chat-w-email = Surel
chat-w-phone = Telepon
chat-w-menu = Pilihan lain
chat-w-reach = Kirim jawaban ke surel
chat-w-reached = Baik. Jawaban menyusul ke surel bila Anda sudah pergi.
chat-w-transcript = Salinan ke surel
chat-w-transcribed = Salinan sedang dikirim ke surel Anda.
chat-w-end = Akhiri obrolan
chat-w-ended = Obrolan ini sudah berakhir.
chat-w-again = Mulai obrolan baru
chat-w-rate = Bagaimana pelayanan kami?
chat-w-rate-1 = Sangat buruk
chat-w-rate-2 = Buruk
chat-w-rate-3 = Cukup
chat-w-rate-4 = Baik
chat-w-rate-5 = Sangat baik
chat-w-comment = Catatan (tidak wajib)
chat-w-rated = Terima kasih atas penilaian Anda.
chat-w-leave = Tinggalkan pesan
chat-w-kind = Pesan ini
chat-w-kind-question = Pertanyaan
chat-w-kind-complaint = Keluhan
chat-w-left = Pesan Anda kami terima. Simpan kode dan PIN ini untuk melacaknya.
chat-w-code = Kode lacak
chat-w-pin = PIN
chat-w-track = Lacak pesan ini

chat-mail-transcript =
    Berikut salinan obrolan Anda dengan { $agency }.

    { $text }
    Surel ini dikirim atas permintaan di halaman obrolan.
    .subject = Salinan obrolan dengan { $agency }
chat-mail-follow =
    Yth. { $name },

    Petugas { $agency } telah menjawab obrolan Anda:

    { $text }
    Lanjutkan obrolan dari peramban yang sama: { $link }
    .subject = Jawaban obrolan Anda dari { $agency }

# Pengaturan obrolan.
chat-settings = Obrolan web
    .hint = Jendela obrolan di situs Anda, dan halaman obrolan yang bisa dipakai tanpa JavaScript.
chat-settings-new = Tambah obrolan
chat-settings-empty = Belum ada obrolan
    .hint = Tambahkan satu untuk setiap situs yang akan memasangnya.
chat-settings-name = Nama
    .hint = Hanya terlihat oleh petugas, misalnya nama situsnya.
chat-settings-places = Situs
chat-settings-active = Dipakai
chat-settings-on = Dipakai
chat-settings-off = Tidak dipakai
chat-tag = Pasang di situs Anda
    .hint = Salin baris ini ke dalam halaman, sebelum penutup </body>. Jika situs memakai Content-Security-Policy, izinkan alamat kami di script-src dan frame-src.
    .page = Tanpa pemasangan, obrolan juga dapat dibuka di
chat-origins = Situs yang boleh memasang
    .hint = Satu alamat setiap baris, misalnya https://dinas.contoh.go.id. Situs lain tidak dapat membukanya.
chat-hours = Kapan petugas ada
chat-hours-office = Pada jam kerja instansi; di luar itu warga meninggalkan pesan
chat-hours-always = Siang dan malam
chat-set-greeting = Sapaan, bahasa Indonesia
    .hint = Kosongkan untuk memakai sapaan yang biasa.
chat-set-greeting-en = Sapaan, bahasa Inggris
chat-set-away = Di luar jam layanan, bahasa Indonesia
chat-set-away-en = Di luar jam layanan, bahasa Inggris
chat-identity = Pengguna yang sudah masuk di aplikasi Anda
    .hint = Aplikasi Anda dapat menyatakan siapa penggunanya dengan JWT bertanda tangan (HS256 atau EdDSA) di atribut data-identitas. Token berlaku paling lama 24 jam. Contoh isinya:
chat-secret = Kunci rahasia HS256; simpan di server Anda saja
chat-new-key = Buat kunci rahasia baru
    .hint = Kunci yang lama langsung tidak berlaku.
chat-public-key = Kunci publik Ed25519
    .hint = Jika diisi, hanya token EdDSA dengan kunci ini yang diterima. PEM atau Base64.
chat-invalid-origin = Alamat { $name } tidak dapat dipakai. Tulis seperti https://dinas.contoh.go.id.
chat-invalid-origins = Paling banyak { $max } situs.
chat-invalid-key = Ini bukan kunci publik Ed25519.
chat-flash-saved = Obrolan disimpan.

org-event-chat-begun = Obrolan dimulai
org-event-chat-followed = Jawaban obrolan dikirim menyusul lewat surel
org-event-chat-rated = Obrolan dinilai warga
