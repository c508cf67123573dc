# Masuk, akun, pengaturan instansi, jejak audit.

org-nav-desk = Meja
org-nav-unit = Unit saya
org-nav-board = Penyelia
org-nav-settings = Pengaturan
org-nav-audit = Jejak audit

org-role-agent = Petugas meja
    .hint = Menerima, memeriksa, dan meneruskan laporan warga.
org-role-unit-officer = Petugas unit
    .hint = Menindaklanjuti laporan yang diteruskan ke unitnya.
org-role-supervisor = Penyelia
    .hint = Memastikan laporan ditangani tepat waktu dan memutus keberatan.
org-role-administrator = Administrator
    .hint = Mengatur instansi, unit, dan orang; tidak membaca isi laporan.
org-role-inspector = Pengawas
    .hint = Membaca laporan dan jejak audit tanpa mengubah apa pun.

org-scope-cases-read = Membaca laporan, identitas disamarkan
org-scope-cases-write = Membuat laporan dan menjalankan setiap langkahnya
org-scope-identity-read = Melihat identitas tanpa disamarkan
org-scope-board-read = Membaca angka rekapitulasi
org-scope-org-read = Membaca unit dan kategori

org-zone-wib = WIB: Sumatra, Jawa, Kalimantan Barat dan Tengah
org-zone-wita = WITA: Bali, Nusa Tenggara, Sulawesi, Kalimantan Selatan, Timur, dan Utara
org-zone-wit = WIT: Maluku dan Papua

org-name = Nama
org-email = Surel
org-password = Kata sandi
org-password-now = Kata sandi sekarang
org-password-new = Kata sandi baru
    .hint = Paling sedikit 10 karakter. Beberapa kata yang tidak berhubungan mudah diingat dan sulit ditebak.
org-password-again = Ulangi kata sandi baru
org-code = Kode enam angka
org-actions = Tindakan

org-sign-in = Masuk untuk petugas
org-sign-in-lead = Halaman ini untuk petugas instansi. Warga dapat melapor dan melacak laporan tanpa akun.
org-sign-in-do = Masuk
org-sign-in-forgot = Lupa kata sandi? Mintalah administrator instansi Anda menggantinya.
org-sign-in-demo = Coba sebagai
    .hint = Ini instansi contoh. Pilih seseorang untuk melihat pekerjaannya; semua nama dan laporan di sini rekaan.
org-sign-in-demo-more = { $n } orang lagi
org-sign-in-own = Atau masuk dengan surel
org-sign-in-code = Kode autentikator
org-sign-in-code-lead = Buka aplikasi autentikator di ponsel Anda, lalu tulis kode yang tampil sekarang.
org-sign-in-code-lost = Ponsel hilang? Mintalah administrator instansi Anda melepas autentikator dari akun Anda.

org-setup = Siapkan Tanggap
org-setup-lead = Belum ada instansi di sini. Isi dua bagian ini; selebihnya dapat diatur setelah masuk.
org-setup-agency = Instansi
org-setup-administrator = Administrator pertama
org-setup-do = Siapkan dan masuk

org-account-profile = Nama dan bahasa
org-account-password = Kata sandi
    .hint = Setelah diganti, Anda keluar dari semua perangkat lain.
org-account-password-do = Ganti kata sandi
org-totp = Autentikator
    .hint = Dengan autentikator, masuk memerlukan kode dari ponsel Anda selain kata sandi. Kata sandi yang bocor saja tidak cukup untuk masuk.
org-totp-on = Autentikator aktif
org-totp-on-do = Pasang autentikator
org-totp-off-do = Lepas autentikator
org-totp-renew = Pindahkan ke ponsel lain
org-totp-step-app = Pasang aplikasi autentikator di ponsel Anda, misalnya Aegis, FreeOTP, atau Google Authenticator.
org-totp-step-scan = Pindai kode ini dengan aplikasi tersebut.
org-totp-step-type = Tidak dapat memindai? Tulis kunci ini di aplikasi:
org-totp-step-open = Buka langsung di aplikasi pada perangkat ini
org-totp-step-code = Tulis kode enam angka yang tampil, untuk memastikan semuanya berjalan.
org-sessions = Perangkat yang masuk
    .hint = Bila ada yang tidak Anda kenal, akhiri sesinya lalu ganti kata sandi.
org-session-browser = Peramban
org-session-seen = Terakhir dipakai
org-session-since = Masuk sejak
org-session-this = Perangkat ini
org-session-end = Akhiri
org-sessions-end = Keluar dari semua perangkat

org-flash-saved = Perubahan tersimpan.
org-flash-session-ended = Sesi di perangkat itu sudah diakhiri.
org-flash-password-changed = Kata sandi sudah diganti.
org-flash-totp-on = Autentikator terpasang.
org-flash-totp-off = Autentikator dilepas.

org-invalid-sign-in = Surel atau kata sandi tidak cocok. Periksa lagi huruf besar dan kecilnya.
org-invalid-wait = Sudah terlalu banyak percobaan. Tunggu sekitar { $minutes } menit, lalu coba lagi.
org-invalid-code = Kode tidak cocok atau sudah dipakai. Tunggu kode berikutnya, lalu tulis kembali.
org-invalid-password = Kata sandi ini tidak cocok.
org-invalid-password-short = Kata sandi terlalu pendek, paling sedikit { $min } karakter.
org-invalid-password-long = Kata sandi terlalu panjang, paling banyak 200 karakter.
org-invalid-password-guessed = Kata sandi ini terlalu mudah ditebak. Coba beberapa kata yang tidak berhubungan.
org-invalid-password-again = Tidak sama dengan kata sandi baru di atas.
org-invalid-slug = Pakai huruf kecil, angka, dan tanda hubung saja.
org-invalid-taken = Sudah dipakai. Pilih yang lain.
org-invalid-role-unit = Petugas unit harus ditempatkan di sebuah unit.
org-invalid-role-agency = Peran administrator berlaku untuk seluruh instansi, tidak untuk satu unit.
org-invalid-agreed-days = Isi antara 1 dan 60 hari kerja.
org-invalid-unit-ring = Unit tidak dapat berada di bawah dirinya sendiri.
org-invalid-hours = Jam kerja tidak dapat dibaca. Tulis seperti 07:30-12:00, 13:00-16:00; sedikitnya satu hari harus berisi.
org-invalid-general = Kategori umum harus tetap ditawarkan, agar setiap laporan punya tempat.
org-invalid-questions = Paling banyak { $max } pertanyaan.
org-invalid-question-key = Pakai huruf kecil, angka, dan garis bawah saja.
org-invalid-choices = Pertanyaan pilihan memerlukan 2 sampai 40 pilihan; jenis lain tidak memakai pilihan.
org-invalid-expires = Pilih tanggal yang belum lewat.
org-invalid-profile = Aturan ini belum dapat dipakai. Perbaiki yang disebut di bawah.
org-invalid-profile-version = Versi ini sudah ada. Naikkan nomor versinya.

org-illegal-self = Anda tidak dapat menonaktifkan akun Anda sendiri.
org-illegal-last-administrator = Instansi harus selalu punya sedikitnya satu administrator. Tunjuk orang lain terlebih dahulu.
