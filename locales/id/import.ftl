# Unit dan orang dari berkas lembar kerja, dan daftar persiapan instansi.

org-import-units = Impor unit
    .hint = Masukkan semua unit sekaligus dari lembar kerja, paling banyak { $max } baris. Tidak ada yang dibuat sebelum Anda melihat hasilnya.
org-import-people = Impor orang
    .hint = Masukkan semua petugas sekaligus dari lembar kerja, paling banyak { $max } baris. Tidak ada yang dibuat sebelum Anda melihat hasilnya.
org-import-sample = 1. Isi contohnya
    .hint = Buka contoh ini dengan Excel, LibreOffice, atau Google Spreadsheet, ganti isinya, lalu simpan sebagai CSV. Urutan kolom bebas.
org-import-sample-get = Unduh contoh CSV
org-import-choose = 2. Periksa berkas Anda
org-import-file = Berkas CSV
    .hint = Paling besar 256 kB. Pemisah titik koma, koma, maupun tab dikenali.
org-import-look = Periksa dahulu
org-import-other = Pilih berkas lain
org-import-sound = Inilah yang akan dibuat
    .hint = Periksa sekali lagi. Yang keliru nanti masih dapat diubah atau dinonaktifkan satu per satu.
org-import-units-make = Buat { $n } unit
org-import-people-make = Buat { $n } akun
org-import-people-made = Akun sudah dibuat
org-import-people-once = Salin daftar ini sekarang: kata sandi tidak akan tampil lagi. Sampaikan langsung kepada setiap orang; saat pertama kali masuk, ia diminta menggantinya.
org-import-wrong = Belum ada yang dibuat. Perbaiki dahulu:
org-import-at = Baris { $line }, { $column }: { $said }
org-import-at-line = Baris { $line }: { $said }
org-flash-imported = Semua unit di berkas itu sudah dibuat.

org-import-code = Kode
    .hint = Kode singkat unit, misalnya PUPR.
org-import-name = Nama
    .hint = Nama lengkap.
org-import-name-en = Nama Inggris
    .hint = Untuk halaman berbahasa Inggris.
org-import-parent = Induk
    .hint = Kode unit di atasnya. Kosong untuk unit teratas.
org-import-days = Hari kerja
    .hint = Paling lama berapa hari kerja sejak laporan diteruskan. Kosong berarti 5.
org-import-phone = Telepon
    .hint = Nomor yang dapat dihubungi.
org-import-email = Surel
    .hint = Alamat surel yang lengkap.
org-import-roles = Peran
    .hint = Petugas meja, Petugas unit, Penyelia, Administrator, atau Pengawas; lebih dari satu dipisahkan koma.
org-import-unit = Unit
    .hint = Kode atau nama unit tempatnya bekerja. Wajib bagi petugas unit.
org-import-title = Jabatan
    .hint = Jabatannya di instansi.

org-import-units-file = contoh-unit
org-import-people-file = contoh-orang
# Satu baris contoh per baris, sel dipisahkan |, dalam urutan kolom.
org-import-units-sample =
    SETDA|Sekretariat Daerah||5|(0274) 555010|setda@contoh.go.id|Regional Secretariat
    DINKES|Dinas Kesehatan|SETDA|5|(0274) 555020|dinkes@contoh.go.id|Health Office
    PKM1|Puskesmas Satu|DINKES|3|||
org-import-people-sample =
    Siti Rahayu|siti.rahayu@contoh.go.id|Petugas meja||Staf Pelayanan
    Budi Santoso|budi.santoso@contoh.go.id|Petugas unit|DINKES|Kepala Seksi Pelayanan
    Dewi Lestari|dewi.lestari@contoh.go.id|Penyelia, Pengawas||Inspektur

org-import-unread = Berkas ini tidak dapat dibaca sebagai CSV. Di Excel, pilih Simpan Sebagai, lalu CSV (dipisahkan koma) atau CSV UTF-8.
org-import-large = Berkas terlalu besar, paling besar { $max } kB.
org-import-empty = Berkas ini tidak berisi satu baris pun di bawah judul kolom.
org-import-lines = Terlalu banyak baris, paling banyak { $max }. Bagilah menjadi beberapa berkas.
org-import-cells = Selnya lebih banyak daripada kolomnya. Apit teks yang mengandung pemisah dengan tanda petik.
org-import-column-missing = Kolom { $name } tidak ada. Baris pertama harus berisi judul kolom.
org-import-column-unknown = Kolom { $name } tidak dikenal. Hapus kolom itu, atau beri nama seperti di contoh.
org-import-column-twice = Kolom { $name } muncul dua kali.
org-import-parent-unknown = Tidak ada unit dengan kode ini, baik di berkas maupun di instansi.
org-import-unit-unknown = Tidak ada unit dengan kode atau nama ini. Buat unitnya dahulu.
org-import-role-unknown = Peran { $name } tidak dikenal.
