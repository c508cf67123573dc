# SMS: akun di pusat pesan operator.

sms-new = Tambah akun SMS
sms-own = Nomor kita
sms-name = Nama akun
    .hint = Nama yang dikenal petugas, misalnya SMS 1708.
sms-address = Nomor atau nama pengirim
    .hint = Yang dilihat warga sebagai pengirim, seperti yang didaftarkan pada operator.
sms-ton = Jenis nomor
sms-ton-unknown = Tidak ditentukan
sms-ton-international = Internasional (62812…)
sms-ton-national = Nasional (0812…)
sms-ton-network = Nomor pendek operator
sms-ton-name = Nama, bukan angka
sms-npi = Rencana penomoran
sms-npi-unknown = Tidak ditentukan
sms-npi-telephone = Telepon (E.164)
sms-price = Biaya tiap bagian SMS
    .hint = Ditampilkan kepada petugas sebelum SMS dikirim. Isi 0 bila tidak dipungut biaya.
sms-active = Akun ini dipakai
sms-centre = Pusat pesan operator
sms-host = Alamat server
sms-port = Port
sms-system-id = Nama pengguna (system_id)
sms-password = Kata sandi
    .hint = Tersimpan terkunci dan tidak ditampilkan lagi. Kosongkan agar tetap seperti sekarang.
sms-system-type = Jenis sistem (system_type)
sms-tls = Sambungan dienkripsi (TLS)
sms-authority = Sertifikat otoritas (PEM)
    .hint = Hanya bila operator memakai otoritas sendiri.
sms-manner = Cara kerja pusat pesan
    .hint = Ubah hanya bila operator memintanya.
sms-version = Versi SMPP
sms-mode = Sambungan
sms-mode-transceiver = Satu sambungan untuk kirim dan terima
sms-mode-pair = Dua sambungan, kirim dan terima terpisah
sms-window = Pesan yang boleh belum dijawab
    .hint = Banyaknya pesan yang dikirim sebelum pusat pesan menjawab yang pertama.
sms-alphabet = Huruf baku
sms-alphabet-gsm = GSM 03.38
sms-alphabet-latin = Latin-1
sms-concat = SMS panjang
sms-concat-udh8 = Dipotong, dengan tanda 8 bit
sms-concat-udh16 = Dipotong, dengan tanda 16 bit
sms-concat-sar = Dipotong, dengan parameter sar
sms-concat-payload = Dikirim utuh, dipotong pusat pesan
sms-ids = Nomor pesan dari pusat pesan
sms-ids-same = Sama dalam jawaban dan laporan
sms-ids-answer = Heksadesimal dalam jawaban, desimal dalam laporan
sms-ids-receipt = Desimal dalam jawaban, heksadesimal dalam laporan
sms-trouble = Pusat pesan tidak tersambung
sms-flash-created = Akun SMS ditambahkan. Sambungan sedang dibuka.
sms-flash-saved = Akun SMS disimpan. Sambungan dibuka ulang.
sms-invalid-number = Isi dengan angka yang sesuai.

# Jawaban atas kata kunci; sebaiknya muat dalam satu SMS.

sms-answer-help = Ketik LAPOR lalu isi laporan Anda, STATUS lalu kode laporan, atau BERHENTI agar tidak dikirimi SMS lagi.
sms-answer-report-how = Ketik LAPOR lalu isi laporan Anda, misalnya: LAPOR lampu jalan mati di depan Pasar Baru.
sms-answer-status-how = Ketik STATUS lalu kode laporan Anda, misalnya: STATUS TGP-7UD-GKF-2G9.
sms-answer-status = Laporan { $code }: { $state }.
sms-answer-unknown = Laporan dengan kode { $text } tidak ditemukan untuk nomor ini. Periksa kodenya, lalu coba lagi.
sms-answer-added = Pesan Anda kami tambahkan pada laporan { $text }.
sms-answer-stop = Anda tidak akan dikirimi SMS lagi. Ketik MULAI bila ingin menerimanya kembali.
sms-answer-start = Anda akan menerima SMS dari kami lagi. Ketik BERHENTI untuk menghentikannya.

# Kabar tentang laporan

sms-notice-received = Laporan { $code } sudah kami terima.
sms-notice-secret = PIN { $pin }, simpan baik-baik. Lihat: { $link }

# Di bawah isian jawaban

sms-count = {"{"}parts{"}"} SMS, masih muat {"{"}left{"}"} huruf
sms-count-cost = {"{"}parts{"}"} SMS, masih muat {"{"}left{"}"} huruf, biaya Rp{"{"}cost{"}"}
sms-room = Satu SMS memuat 160 huruf, atau 70 bila ada emoji atau huruf khusus.
sms-room-cost = Satu SMS memuat 160 huruf, atau 70 bila ada emoji atau huruf khusus. Tiap bagian berbiaya { $price }.
