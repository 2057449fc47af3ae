--- Products. The fields are those of the provider's pages "Products" (v1) and "Product Catalogue" (v2). Assumed: that
-- a list without `size` is whole, and which currencies there are.

local pages = require "esim.sandbox.pages"
local reply = require "esim.sandbox.reply"
local store = require "esim.sandbox.store"
local v2 = require "esim.sandbox.v2"

local ngx = ngx  -- luacheck: ignore

local catalogue = {}

local RATES = { EUR = 1, USD = 1.1, GBP = 0.85 }

local EUROPE, ASIA = { "DE", "ES", "FR", "IT", "PT" }, { "JP", "KR", "SG", "TH", "VN" }

-- id, GB, days, EUR, region, countries
local ROWS = {
  { "cm9kIiwiY2xpZW50QWRkcmVzcyI", 1, 7, 5, "TIER1", EUROPE },
  { "Q-hzHc6EErZPQcgw2L02_nDdruGtr6lDrM-jmja_xuE=", 1, 15, 8, "TIER2", EUROPE },
  { "kn8etk9XBX0gG7pFP5KErXvWVNN4jOERTMVMNEkX-Ak=", 3, 30, 12, "TIER1", EUROPE },
  { "wp-_bXkuC26SFDSRMHyiAQK7LJ6MtiWyr3zLfwB7FM=", 5, 30, 18, "TIER1", EUROPE },
  { "TKC_FxWr_7x8_pJ588uNZFmFYl4e0766ATK41klpw_gO4=", 10, 30, 30, "TIER1", EUROPE },
  { "-a3mQ2x_yT0gIAK-1asiaWeek_7dLmN9pQrStUvWxYz0=", 1, 7, 7, "TIER2", ASIA },
  { "_b4nR3y-zU1hJBL_2asiaHalf-8eMnO0qRsTuVwXyZa1=", 3, 15, 14, "TIER2", ASIA },
  { "c5oS4z_-V2iKCM-3asiaMonth_9fNoP1rStUvWxYzAb2==", 5, 30, 24, "TIER2", ASIA },
  { "MzA5MjE3ODMwOTEyCg==", 30, 30, 60, "TIER1", EUROPE },
  { "ZHNhZGFzZGFz", 1, 1, 3, "TIER3", ASIA },
  { "d6pT5A-_W3jLDN_4worldWeek-0gOpQ2sTuVwXyZaBc3=", 3, 7, 20, "GLOBAL", { "ALL" } },
  { "e7qU6B_-X4kMEO-5worldYear_1hPqR3tUvWxYzAbCd4=", 20, 365, 99, "GLOBAL", { "ALL" } },
}

local function product(row)
  local name = ("Prepaid data %dGB %d-Day"):format(row[2], row[3])
  return { id = row[1], name = name, gigabytes = row[2], days = row[3], price = row[4], region = row[5],
    countries = row[6] }
end

--- What is known of a product: of one that is not in the catalogue, as a sandbox's directive is not, something.
-- @return product, whether it is in the catalogue
function catalogue.find(id)
  for _, row in ipairs(ROWS) do
    if row[1] == id then
      return product(row), true
    end
  end
  return product { id, 1, 30, 10, "TIER1", EUROPE }, false
end

local function price(found, currency)
  return math.floor(found.price * RATES[currency] * 100 + 0.5) / 100
end

local function in_v1(found, currency)
  return {
    id = found.id, name = found.name, description = found.name, period = found.days, period_unit = "DAYS",
    data = { value = found.gigabytes, unit = "GB" }, footprint = found.countries, activeCountries = { "ALL" },
    pricing = { [currency] = price(found, currency) }, region = found.region,
  }
end

local function in_v2(found, currency)
  return {
    id = found.id, name = found.name, sim_type = { "ESIM" }, duration = found.days, duration_unit = "DAYS",
    data = found.gigabytes, data_unit = "GB", price = price(found, currency), price_currency = currency,
    footprint_code = found.region, _metadata = v2.metadata { _self = "/v2/products/" .. found.id },
  }
end

-- Both names occur on the provider's pages.
local function wanted_currency()
  local args = ngx.req.get_uri_args()
  local currency = args.targetCurrency or args.currency or "EUR"
  return RATES[currency] and currency
end

local function refuse_currency()
  return reply.refuse(400, "INVALID_REQUEST_PARAMS", "The currency is not known")
end

-- `product_path` is the one spelling that is served, where there is one.
local function is_served(spelling)
  local only = store.settings.product_path
  return not only or only == spelling
end

local function shown(currency, show)
  local list = {}
  for i, row in ipairs(ROWS) do
    list[i] = show(product(row), currency)
  end
  return list
end

--- GET /v1/product, /v1/products
function catalogue.list(spelling)
  local currency = wanted_currency()
  if not is_served(spelling) then
    return reply.refuse(404, "NOT_FOUND", "There is nothing here")
  elseif not currency then
    return refuse_currency()
  end
  local part, message = pages.part(shown(currency, in_v1), { size = "size", page = "page" })
  if not part then
    return reply.refuse(400, "INVALID_REQUEST_PARAMS", message)
  end
  pages.headers(part)
  reply.json(store.encode_list(part.items))
end

local function show_one(id, show)
  local currency, found, is_there = wanted_currency(), catalogue.find(id)
  if not currency then
    return refuse_currency()
  elseif not is_there then
    return reply.refuse(404, "PRODUCT_NOT_FOUND", "There is no such product")
  end
  reply.json(store.encode(show(found, currency)))
end

--- GET /v1/product/{id}, /v1/products/{id}
function catalogue.look(spelling, id)
  if not is_served(spelling) then
    return reply.refuse(404, "NOT_FOUND", "There is nothing here")
  end
  return show_one(id, in_v1)
end

--- GET /v2/products
function catalogue.list_v2()
  local currency = wanted_currency()
  if not currency then
    return refuse_currency()
  end
  return v2.list("/v2/products", shown(currency, in_v2))
end

--- GET /v2/products/{id}
function catalogue.look_v2(id)
  return show_one(id, in_v2)
end

return catalogue
