--- HMAC-SHA256 (RFC 2104) and a comparison in constant time: OpenSSL's, which nginx itself is linked with.

local ffi = require "ffi"

local crypto = {}

local SIZE = 32  -- bytes of a SHA-256

-- The names are ours, the symbols OpenSSL's: another module may have declared those with types of its own.
ffi.cdef [[
const void *esim_sha256_method(void) __asm__("EVP_sha256");
unsigned char *esim_hmac(const void *method, const char *key, int key_length, const char *data, size_t length,
                         unsigned char *out, unsigned int *out_length) __asm__("HMAC");
int esim_memcmp(const char *a, const char *b, size_t length) __asm__("CRYPTO_memcmp");
]]

local function offers_all(library)
  return library.esim_sha256_method and library.esim_hmac and library.esim_memcmp
end

-- The process's own, or the system's where nginx was linked without, or hides it.
local function find()
  for _, name in ipairs { "", "crypto", "libcrypto.so.3", "libcrypto.so.1.1" } do
    local ok, library = pcall(function() return name == "" and ffi.C or ffi.load(name) end)
    if ok and pcall(offers_all, library) then
      return library
    end
  end
  error("esim.web: OpenSSL's libcrypto is needed, and is neither in this nginx nor on the system", 0)
end

local openssl = find()
local out = ffi.new("unsigned char[?]", SIZE)

--- @param key   string
-- @param text  string
-- @return 32 bytes
function crypto.hmac(key, text)
  if openssl.esim_hmac(openssl.esim_sha256_method(), key, #key, text, #text, out, nil) == nil then
    error("esim.web: OpenSSL could not make an HMAC-SHA256", 0)
  end
  return ffi.string(out, SIZE)
end

--- Whether two texts are equal. How long it takes tells their lengths alone.
function crypto.equal(a, b)
  return #a == #b and openssl.esim_memcmp(a, b, #a) == 0
end

return crypto
